"""Where models are looked for: two fields, which the command line reads as well."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QLineEdit, QPlainTextEdit, QPushButton, QWidget

from napari_acs.widgets.models_actions import Folders

_SHARED_HEIGHT = 58


class FoldersForm(QWidget):
    """The user's models folder and the shared ones. Signal: ``saved(Folders)``."""

    saved = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models = QLineEdit()
        self._models.setObjectName("models_folder")
        self._models.setPlaceholderText("the usual one")
        self._models.setToolTip("Where models that you add are kept. Empty: the usual folder.")
        self._shared = QPlainTextEdit()
        self._shared.setObjectName("shared_folders")
        self._shared.setPlaceholderText("one a line")
        self._shared.setToolTip("Folders whose models are offered too, such as a lab's disk.")
        self._shared.setMaximumHeight(_SHARED_HEIGHT)
        self._save = QPushButton("Save folders")
        self._save.setObjectName("save_folders")
        self._save.clicked.connect(self._on_save)
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addRow("Your models", self._models)
        layout.addRow("Shared (read only)", self._shared)
        layout.addRow(self._save)

    def show_folders(self, folders: Folders) -> None:
        """Show what is set."""
        self._models.setText(folders.models)
        self._shared.setPlainText("\n".join(folders.shared))

    def _on_save(self) -> None:
        lines = (line.strip() for line in self._shared.toPlainText().splitlines())
        self.saved.emit(Folders(self._models.text().strip(), tuple(filter(None, lines))))
