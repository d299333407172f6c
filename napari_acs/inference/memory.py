"""Whether a job fits in memory: a rough estimate before, and a plain sentence after."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import torch

from napari_acs.inference.messages import Failure

CPU = "cpu"

FEATURES_PER_VOXEL = 200
"""float32 values that a window's forward pass holds at its peak, for each voxel of the window.
The bundled U-Net on a CPU held 122, 139 and 131 in windows of 64, 96 and 128 voxels a side; the
rest is for what a GPU's convolutions take besides."""

BRAIN_BYTES = 830 * 2**20
"""What finding the brain takes at its peak, whatever the study's size: its networks look at cubes
of one size."""

_FLOAT = 4
_HOST_BASE = 150 * 2**20
_LARGEST_BATCH = 8
_OF_THE_HOST = ("cpuallocator", "not enough memory", "bad_alloc", "itk::")


def estimate_window_bytes(
    window: tuple[int, int, int], channels: int, regions: int, *, itemsize: int = 4
) -> int:
    """Return about what one window needs on its device: input, features and output, in bytes.

    Parameters
    ----------
    window : tuple of int
        (z, y, x) voxels.
    channels, regions : int
        Maps going in and coming out.
    itemsize : int
        Bytes of a feature: 2 in bfloat16.
    """
    return prod(window) * (itemsize * FEATURES_PER_VOXEL + _FLOAT * (channels + 2 * regions))


def estimate_sums_bytes(padded: tuple[int, int, int], channels: int, regions: int) -> int:
    """Return what the image and the weighted sums of its windows take, in bytes."""
    return prod(padded) * _FLOAT * (channels + regions + 2)


def estimate_host_bytes(
    study_shape: tuple[int, int, int],
    model_shape: tuple[int, int, int],
    sequences: int,
    regions: int,
    *,
    views: int = 1,
) -> int:
    """Return about what a job needs in main memory beside its windows, in bytes.

    The way into model space holds two float32 copies of a sequence; the sums hold ``regions``
    maps in model space (their mean and variance, and one more, where there are several views);
    the way back holds every region's map in float32 and float16, where anything is likely, and
    a few masks on the study's grid.
    """
    prepare = 2 * prod(study_shape) * _FLOAT + sequences * prod(model_shape) * _FLOAT
    finish = prod(study_shape) * (regions * 6 + 3 * _FLOAT)
    maps = 2 * regions if views == 1 else 5 * regions
    model = prod(model_shape) * _FLOAT * (sequences + maps + 1)
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
    why = why_short(need, free, place)
    return not_enough(why, place) if why else None


def why_short(need: int, free: int | None, place: str) -> str:
    """Return why so many bytes do not fit, as a fragment of a sentence; empty where they do."""
    if free is None or need <= free:
        return ""
    return f"it needs about {_gib(need)} {place}, and {_gib(free)} is free"


def not_enough(why: str, place: str, tried: str = "") -> Failure:
    """Return the refusal for want of memory.

    Parameters
    ----------
    why : str
        A fragment of a sentence.
    place : str
        See `place_name`.
    tried : str
        What was tried before, as a sentence.
    """
    move = "" if place == "in main memory" else ", or choose the CPU as the device"
    return Failure(
        "There is not enough memory for this study",
        f"{why[:1].upper()}{why[1:]}{f'. {tried}' if tried else ''}",
        f"Close other programs or images{move}, and try again",
    )


class NotEnoughMemory(Exception):
    """Nothing is left to try; ``failure`` is what to say."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence())
        self.failure = failure


def first_shortage(needs: Mapping[str, int]) -> tuple[str, str] | None:
    """Return the first device that has less free than is needed there, in bytes, and why."""
    for device, need in needs.items():
        if why := why_short(need, free_device_bytes(device), place_name(device)):
            return device, why
    return None


def refuse_shortage(needs: Mapping[str, int]) -> None:
    """Refuse what does not fit, by the same rule.

    Raises
    ------
    NotEnoughMemory
    """
    if lack := first_shortage(needs):
        raise NotEnoughMemory(not_enough(lack[1], place_name(lack[0])))


def batch_that_fits(device: str, window_bytes: int, windows: int) -> int:
    """Return how many windows to put through a network at once.

    One on a CPU, which one window keeps busy, and where a job must be able to stop after each.
    """
    free = None if device == CPU else free_device_bytes(device)
    if free is None:
        return 1
    return max(1, min(windows, _LARGEST_BATCH, free // 2 // window_bytes))


def give_back(device: str) -> None:
    """Return what a failed try held to the device."""
    gc.collect()  # of the failed try's frames, some may hang in cycles
    if device.startswith("cuda"):
        torch.cuda.empty_cache()


def short_device(error: BaseException, device: str) -> str:
    """Return the device whose memory ran out; ``"cpu"`` is main memory."""
    words = str(error).lower()
    host = isinstance(error, MemoryError) or any(word in words for word in _OF_THE_HOST)
    return CPU if host else device


def place_name(device: str) -> str:
    """Return where a device's memory is, for a sentence."""
    return "in main memory" if device == "cpu" else f"on the device {device}"


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
