"""Open a study folder from the panel: read in a worker, then add the layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from napari.qt.threading import thread_worker
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal, Slot
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_acs.errors import BadInput
from napari_acs.viewer.reader import read

if TYPE_CHECKING:
    from napari.viewer import Viewer


class StudyOpener(QObject):
    """Adds a study's layers to the viewer. Signals: ``opened()``, ``refused(str)``."""

    opened = Signal()
    refused = Signal(str)

    def __init__(self, viewer: Viewer, parent: QWidget) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._window = parent
        self._waiting: list[tuple[Any, ...]] = []

    def ask(self) -> None:
        """Ask for a folder and open it."""
        folder = QFileDialog.getExistingDirectory(self._window, "Open study folder")
        if folder:
            self.open([folder])

    def open(self, paths: list[str]) -> None:
        """Read folders and files in a worker; their layers appear when all are read, one by one."""
        worker = thread_worker(_read)(paths)
        worker.returned.connect(self._on_read)
        worker.start()

    @Slot(object)
    def _on_read(self, outcome: list[tuple[Any, ...]] | BadInput) -> None:
        if isinstance(outcome, BadInput):
            self.refused.emit(outcome.sentence())
            return
        self._waiting += outcome
        self._add_next()

    def _add_next(self) -> None:
        # napari takes 0.2 s for each layer; between two of them the window may breathe
        if not isalive(self):
            return
        if self._waiting:
            self._viewer.add_layer(Layer.create(*self._waiting.pop(0)))
            QTimer.singleShot(0, self._add_next)
        else:
            self.opened.emit()


def _read(paths: list[str]) -> list[tuple[Any, ...]] | BadInput:
    try:
        return list(read([str(Path(path)) for path in paths]))
    except BadInput as refusal:
        return refusal
