"""Can the GPU kernel be used in this process at all? Answered without importing triton.

Triton comes with the CUDA builds of torch on Linux and is no dependency of this package. It must
not be imported once Mesa's software OpenGL has drawn: each brings an LLVM of its own, and loading
triton's after Mesa's ends the process with a segmentation fault that no ``except`` sees (triton
3.9, libLLVM 15).
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import torch
from torch import Tensor

_MAPS = Path("/proc/self/maps")
_OLDEST = (8, 0)
"""Compute capability from which bf16 and asynchronous copies exist (A100)."""


def why_no_triton(maps: Path = _MAPS) -> str | None:
    """Return why triton cannot be imported here; None if it can.

    Parameters
    ----------
    maps : Path
        Linux's list of the libraries in this process.
    """
    if "triton" in sys.modules:
        if sys.modules["triton"] is None:
            return "triton is kept out of this process (software OpenGL was loaded before it)"
        return None
    if importlib.util.find_spec("triton") is None:
        return "triton is not installed (it comes with torch's CUDA builds on Linux)"
    if maps.is_file() and "libLLVM" in maps.read_text():
        return "triton would crash: software OpenGL (libLLVM) was loaded before it"
    return None


def why_not_on(x: Tensor) -> str | None:
    """Return why a tensor's device cannot run the kernel; None if it can."""
    if x.device.type != "cuda":
        return f"the tensor is on {x.device.type}, not on a CUDA GPU"
    if torch.version.hip is not None:
        return "the kernel was never tried on ROCm"
    major, minor = torch.cuda.get_device_capability(x.device)
    if (major, minor) < _OLDEST:
        return f"the GPU's compute capability is {major}.{minor}, below 8.0"
    return None
