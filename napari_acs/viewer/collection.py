"""Python's garbage collection while cases come and go.

napari collects all garbage whenever layers were removed (GPU memory of theirs may hang in cycles),
and goes through every object of the process for it, 0.1 s and more in which the window stands.
"""

from __future__ import annotations

import gc
from typing import Any


def pass_over_what_is_there(viewer: Any) -> None:
    """Let collections pass over what exists now: modules, classes, the window.

    Nothing is done where layers are open: their arrays are large, and what is passed over is not
    freed before `collect_all_again` if it hangs in a cycle.
    """
    if not len(viewer.layers):
        gc.freeze()


def collect_all_again() -> None:
    """Let collections go through everything."""
    gc.unfreeze()
