"""One set of letters a window, for all panels that want them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QObject

from napari_acs.viewer.view_letters import ViewLetters

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from qtpy.QtWidgets import QWidget


class SharedLetters:
    """Letters on a viewer's canvas, and planes as in radiology, until all who want them let go.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        The first panel's letters are kept by its window, where the next panel finds them.
    changed : callable
        Called whenever the letters may have changed.
    """

    def __init__(self, viewer: Viewer, changed: Callable[[], object] = tuple) -> None:
        window = viewer.window._qt_window
        found: _Kept | None = window.findChild(_Kept)
        self._kept = _Kept(viewer, window) if found is None else found
        self.letters = self._kept.letters
        self._changed = partial(changed)  # an object of its own: another may ask for the same
        self.letters.followers.append(self._changed)
        self._changed()

    def release(self, *_: object) -> None:
        """Want them no longer; the last one takes them off the canvas."""
        followers = self.letters.followers
        if self._changed in followers:
            followers.remove(self._changed)
            if not followers:
                self.letters.close()
                if isalive(self._kept):  # else the window has gone, and taken it along
                    self._kept.setParent(None)


def letters_beside(dock: QWidget, viewer: Viewer) -> None:
    """Want letters for as long as a panel is there."""
    # a method would be gone before it could be called
    dock.destroyed.connect(partial(SharedLetters.release, SharedLetters(viewer)))


class _Kept(QObject):
    def __init__(self, viewer: Viewer, window: QWidget) -> None:
        super().__init__(window)
        self.letters = ViewLetters(viewer)
