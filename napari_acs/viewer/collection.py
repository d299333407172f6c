"""Python's garbage collection while cases come and go.

napari collects all garbage whenever layers were removed (GPU memory of theirs may hang in cycles),
and goes through every object of the process for it, 0.1 s and more in which the window stands.
"""

from __future__ import annotations

import gc
from typing import Any


class Passing:
    """Lets collections pass over what existed when it began: modules, classes, the window."""

    def __init__(self) -> None:
        self._ours = False

    def begin(self, viewer: Any) -> None:
        """Begin, unless layers are open or somebody else lets collections pass over things.

        The arrays of layers are large, and what is passed over is not freed before the end if it
        hangs in a cycle.
        """
        if not (len(viewer.layers) or gc.get_freeze_count()):
            gc.freeze()
            self._ours = True

    def end(self) -> None:
        """Let collections go through everything, if it was this that stopped them."""
        if self._ours:
            gc.unfreeze()
        self._ours = False
