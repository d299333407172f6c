"""The buttons that choose a plane. They emit signals, and know no viewer."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_acs.viewer.views import VIEWS

_SEEN = {
    "axial": "Seen from the feet: anterior up, the patient's left on the right",
    "coronal": "Seen from the front: head up, the patient's left on the right",
    "sagittal": "Seen from the left: head up, anterior on the left",
}


class ViewBar(QWidget):
    """Axial, Coronal, Sagittal; letters on or off; three linked views; a note on tilted slices."""

    view_clicked = Signal(str)
    letters_toggled = Signal(bool)
    three_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons = {name: _plane_button(name) for name in VIEWS}
        self._group = QButtonGroup(self)
        for name, button in self._buttons.items():
            self._group.addButton(button)
            button.clicked.connect(lambda *_, name=name: self.view_clicked.emit(name))
        self._letters = QCheckBox("Letters")
        self._letters.setObjectName("view_letters")
        self._letters.setToolTip(
            "Letters at the edges of the view: left, right, anterior, posterior, superior,\n"
            "inferior of the patient. None are shown where they are not known for certain."
        )
        self._letters.setChecked(True)
        self._letters.toggled.connect(self.letters_toggled)
        self._three = QCheckBox("Three views")
        self._three.setObjectName("view_three")
        self._three.setToolTip(
            "Show the other two planes beside this one, linked by a crosshair.\n"
            "A click in any view (with the pan tool) moves it."
        )
        self._three.toggled.connect(self.three_toggled)
        self._note = QLabel()
        self._note.setObjectName("view_note")
        self._note.setWordWrap(True)
        self._note.hide()
        self._lay_out()

    def show_view(self, name: str | None) -> None:
        """Show which plane is on the canvas; None for 3D and for one that lies on its side."""
        self._group.setExclusive(False)
        for plane, button in self._buttons.items():
            button.setChecked(plane == name)
        self._group.setExclusive(True)

    def show_three(self, on: bool) -> None:
        """Show whether the three views are open."""
        self._three.blockSignals(True)
        self._three.setChecked(on)
        self._three.blockSignals(False)

    def show_note(self, text: str) -> None:
        """Show a sentence under the buttons, or none."""
        self._note.setText(text)
        self._note.setVisible(bool(text))

    def _lay_out(self) -> None:
        planes = QHBoxLayout()
        planes.setSpacing(4)
        for button in self._buttons.values():
            planes.addWidget(button)
        options = QHBoxLayout()
        options.addWidget(self._letters)
        options.addWidget(self._three)
        options.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(planes)
        layout.addLayout(options)
        layout.addWidget(self._note)


def _plane_button(name: str) -> QPushButton:
    button = QPushButton(VIEWS[name].title)
    button.setObjectName(f"view_{name}")
    button.setCheckable(True)
    button.setToolTip(_SEEN[name])
    return button
