"""Python's garbage collection while somebody works in the window.

A full collection goes through every object of the process, 0.1 to 0.3 s in which the window stands.
Python makes one now and then, and napari whenever layers were removed (GPU memory of theirs may
hang in cycles).
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from qtpy.compat import isalive
from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

_QUIET_MS = 1000


class Passing:
    """Lets collections pass over what existed when it began: modules, classes, the window.

    What is passed over is not freed if it hangs in a cycle, as layers do, and their arrays are
    large. So when a layer that was open then is removed, collections go through everything again,
    until it is gone.
    """

    def __init__(self) -> None:
        self._viewer: Viewer | None = None
        self._held: WeakSet[Layer] = WeakSet()
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(_QUIET_MS)
        self._timer.timeout.connect(self._pass_over)

    def begin(self, viewer: Viewer) -> None:
        """Begin, unless it has, or somebody else lets collections pass over things."""
        if self._viewer is None and not gc.get_freeze_count():
            self._viewer = viewer
            viewer.layers.events.removing.connect(self._on_removing)
            self._pass_over()

    def end(self, *_: object) -> None:
        """Let collections go through everything, if it was this that stopped them."""
        if self._viewer is None:
            return
        if isalive(self._timer):  # not where Python ends before the window does
            self._timer.stop()
        self._viewer.layers.events.removing.disconnect(self._on_removing)
        self._viewer = None
        gc.unfreeze()

    def _pass_over(self) -> None:
        assert self._viewer is not None
        gc.collect()
        gc.freeze()
        self._held = WeakSet(self._viewer.layers)

    def _on_removing(self, event: Any) -> None:
        # Before napari makes its collection, which is to find what the graphics card still holds
        # of the layer.
        assert self._viewer is not None
        removed = self._viewer.layers[event.index]
        if any(layer == removed for layer in self._held):
            gc.unfreeze()
            self._timer.start()  # anew, where several are removed
