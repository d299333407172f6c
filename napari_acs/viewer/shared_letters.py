"""One set of letters a viewer, for all panels that want them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from napari_acs.viewer.view_letters import ViewLetters

if TYPE_CHECKING:
    from napari.viewer import Viewer

_OPEN: WeakValueDictionary[int, ViewLetters] = WeakValueDictionary()
"""By the viewer's id, which is its own for as long as the letters hold it."""


class SharedLetters:
    """Letters on a viewer's canvas, and planes as in radiology, until all who want them let go.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    changed : callable
        Called whenever the letters may have changed.
    """

    def __init__(self, viewer: Viewer, changed: Callable[[], object] = tuple) -> None:
        letters = _OPEN.get(id(viewer))
        if letters is None:
            letters = _OPEN[id(viewer)] = ViewLetters(viewer)
        self.letters = letters
        self._id = id(viewer)
        self._changed = partial(changed)  # an object of its own: another may ask for the same
        letters.followers.append(self._changed)
        self._changed()

    def release(self, *_: object) -> None:
        """Want them no longer; the last one takes them off the canvas."""
        followers = self.letters.followers
        if self._changed in followers:
            followers.remove(self._changed)
            if not followers:
                _OPEN.pop(self._id, None)
                self.letters.close()
