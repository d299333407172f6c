"""Keep triton out of a process that draws with Mesa's software OpenGL.

torchvision imports ``torch._dynamo``, which imports triton where it is installed (it comes with
the CUDA builds of torch on Linux). Triton and Mesa's llvmpipe each bring an LLVM of their own;
loading triton's after Mesa's ends the process with a segmentation fault (triton 3.9, libLLVM 15:
Xvfb, virtual machines, many remote desktops). Nothing here needs triton, and torch does without
it when its import fails.
"""

from __future__ import annotations

import sys
from pathlib import Path

_MAPS = Path("/proc/self/maps")


def keep_triton_out(maps: Path = _MAPS) -> bool:
    """Make ``import triton`` fail cleanly if it would crash; return whether it was made to.

    Parameters
    ----------
    maps : Path
        Linux's list of the libraries in this process.
    """
    if "triton" in sys.modules or not maps.is_file() or "libLLVM" not in maps.read_text():
        return False
    sys.modules["triton"] = None  # type: ignore[assignment]  # Python's own "not to be imported"
    return True
