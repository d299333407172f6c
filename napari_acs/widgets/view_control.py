"""Wires the view buttons to the canvas: planes, letters, and the other two planes below it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Slot

from napari_acs.viewer.framing import fit_to_shown
from napari_acs.viewer.letters import tilt_note
from napari_acs.viewer.views import show_view, view_of
from napari_acs.widgets.shared_letters import SharedLetters
from napari_acs.widgets.three_views import ThreeViews

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from qtpy.QtWidgets import QWidget

    from napari_acs.widgets.view_bar import ViewBar

_TITLE = "Linked views (napari-acs)"


class ViewControl(QObject):
    """Makes a viewer radiological while it lives, and undoes what it put on the canvas.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Its canvas gets the letters, its window the linked views.
    bar : ViewBar
        The buttons.
    parent : QObject
        What owns this, for as long as the views are wanted.
    """

    def __init__(self, viewer: Viewer, bar: ViewBar, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._bar = bar
        self._dock: QWidget | None = None
        self._open: list[ThreeViews] = []  # one or none; shared with what outlives this
        self._settled = QTimer(self)  # once the window has given the canvas its new size
        self._settled.setSingleShot(True)
        self._settled.timeout.connect(self._fit)
        bar.view_clicked.connect(self._on_view)
        bar.letters_toggled.connect(self._on_letters)
        bar.three_toggled.connect(self.show_three)
        shared = SharedLetters(viewer, self._show_state)
        self.letters = shared.letters
        self.destroyed.connect(partial(_clear, shared, self._open))

    @property
    def three(self) -> ThreeViews | None:
        """The linked views, while they are open."""
        return self._open[0] if self._open else None

    @Slot(bool)
    def show_three(self, on: bool) -> None:
        """Open the other two planes at the foot of the window, or close them."""
        if on and not self._open:
            three = ThreeViews(self._viewer)
            three.show_letters(self.letters.on)
            self._open.append(three)
            self._dock = self._viewer.window.add_dock_widget(three, name=_TITLE, area="bottom")
            self._dock.destroyed.connect(self._on_dock_gone)
        elif not on and self._open:
            self._viewer.window.remove_dock_widget(self._dock)
            _release(self._open)
        self._bar.show_three(on)
        self._settled.start()

    @Slot(str)
    def _on_view(self, name: str) -> None:
        show_view(self._viewer, name)
        self._show_state()

    @Slot(bool)
    def _on_letters(self, on: bool) -> None:
        self.letters.on = on
        if self.three is not None:
            self.three.show_letters(on)

    def _show_state(self, *_: Any) -> None:
        if not isalive(self) or not isalive(self._bar):
            return
        view = view_of(self._viewer)
        self._bar.show_view(view.name if view else None)
        self._bar.show_note(tilt_note(self._viewer))
        if self.three is not None:
            self.three.follow_plane()

    @Slot()
    def _on_dock_gone(self) -> None:
        if self._open and isalive(self) and isalive(self._bar):  # closed by its cross
            _release(self._open)
            self._bar.show_three(False)
            self._settled.start()

    @Slot()
    def _fit(self) -> None:
        fit_to_shown(self._viewer)


def _clear(letters: SharedLetters, views: list[ThreeViews], *_: object) -> None:
    letters.release()
    _release(views)


def _release(views: list[ThreeViews]) -> None:
    while views:
        views.pop().release()
