"""Whether a job fits in memory: a rough estimate before, and a plain sentence after."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path

import torch

from napari_acs.inference.messages import Failure

FEATURES_PER_VOXEL = 200
"""float32 values that a window's forward pass holds at its peak, for each voxel of the window.
The bundled U-Net on a CPU held 122, 139 and 131 in windows of 64, 96 and 128 voxels a side; the
rest is for what a GPU's convolutions take besides."""

BRAIN_BYTES = 830 * 2**20
"""What finding the brain takes at its peak, whatever the study's size: its networks look at cubes
of one size."""

_FLOAT = 4
_HOST_BASE = 150 * 2**20
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "failed to allocate", "can't allocate")


def estimate_window_bytes(window: tuple[int, int, int], channels: int, regions: int) -> int:
    """Return about what one window needs on its device: input, features and output, in bytes.

    Parameters
    ----------
    window : tuple of int
        (z, y, x) voxels.
    channels, regions : int
        Maps going in and coming out.
    """
    return prod(window) * _FLOAT * (FEATURES_PER_VOXEL + channels + 2 * regions)


def estimate_host_bytes(
    study_shape: tuple[int, int, int],
    model_shape: tuple[int, int, int],
    sequences: int,
    regions: int,
) -> int:
    """Return about what a job needs in main memory beside its windows, in bytes.

    The way into model space holds two float32 copies of a sequence; the sums hold ``regions``
    maps in model space; the way back holds every region's map in float32 and float16 and a
    few masks on the study's grid.
    """
    prepare = 2 * prod(study_shape) * _FLOAT + sequences * prod(model_shape) * _FLOAT
    finish = prod(study_shape) * (regions * 6 + 3 * _FLOAT)
    model = prod(model_shape) * _FLOAT * (sequences + 2 * regions + 1)
    return _HOST_BASE + model + max(prepare, finish)


def estimate_ready_bytes(
    voxels: int, itemsizes: Sequence[int], *, bias_correction: bool = False
) -> int:
    """Return about what making a study ready takes beside the networks, in bytes.

    Every sequence is copied without its skull; N4 makes float32 copies of all, and works on
    three more of the one at hand.
    """
    stripped = voxels * sum(itemsizes)
    corrected = voxels * _FLOAT * (len(itemsizes) + 3) if bias_correction else 0
    return stripped + corrected


def free_host_bytes() -> int | None:
    """Return the main memory that is free for this process; None where it cannot be known.

    Linux only: ``MemAvailable``, or less where the process is in a limited control group.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(s.split()[1]) * 1024 for s in lines if s.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text())
        return min(free, max(limit - int((group / "memory.current").read_text()), 0))
    except (OSError, ValueError):  # no control group, or "max": no limit
        return free


def free_device_bytes(device: str) -> int | None:
    """Return the memory that is free on a device; None where it cannot be known."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    return free_host_bytes() if device == "cpu" else None


def shortage(need: int, free: int | None, place: str) -> Failure | None:
    """Return the refusal of a job that needs more bytes than are free; None where it fits."""
    if free is None or need <= free:
        return None
    return not_enough(f"it needs about {_gib(need)} {place}, and {_gib(free)} is free", place)


def not_enough(why: str, place: str) -> Failure:
    """Return the refusal for want of memory; ``why`` is a fragment of a sentence."""
    move = "" if place == "in main memory" else ", or choose the CPU as the device"
    return Failure(
        "There is not enough memory for this study",
        why[:1].upper() + why[1:],
        f"Close other programs or images{move}, and try again",
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception of torch, numpy or ITK means that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _OUT_OF_MEMORY)


def place_name(device: str) -> str:
    """Return where a device's memory is, for a sentence."""
    return "in main memory" if device == "cpu" else f"on the device {device}"


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
