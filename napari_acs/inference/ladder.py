"""How a network is run, and what is tried next where memory was short; plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from napari_acs.inference.precision import BFLOAT16, FLOAT32

Triple = tuple[int, int, int]

CPU = "cpu"

_COARSEST = 32
"""Most networks halve five times; a window that their own is no multiple of would not fit them."""
_SMALLEST = 32
"""Voxels along an axis: in smaller windows a network sees hardly anything around a voxel."""


@dataclass(frozen=True)
class Plan:
    """How the windows of one network are computed.

    Attributes
    ----------
    device : str
    precision : {"float32", "bfloat16"}
    batch : int
        Windows that go through the network at once.
    window : tuple of int
        (z, y, x) voxels of model space.
    sums : str
        The device that holds the image and the weighted sums of the windows.
    whole : tuple of int
        The model's own window.
    may_bfloat16 : bool
        Whether the device multiplies bfloat16 and the user left the choice to us.
    cpu_precision : str
        The precision on the CPU, should it come to that.
    """

    device: str
    precision: str
    batch: int
    window: Triple
    sums: str
    whole: Triple
    may_bfloat16: bool = False
    cpu_precision: str = FLOAT32


@dataclass(frozen=True)
class Step:
    """One change of a plan, and why it was made (a fragment of a sentence)."""

    name: str
    why: str
    before: Plan
    after: Plan

    def record(self) -> dict[str, Any]:
        """Return the step for provenance, JSON-ready."""
        old, new = (getattr(plan, self.name) for plan in (self.before, self.after))
        plain = [list(v) if isinstance(v, tuple) else v for v in (old, new)]
        return {"step": self.name, "why": self.why, "from": plain[0], "to": plain[1]}


def next_step(plan: Plan, short: str, why: str = "") -> Step | None:
    """Return what to try next where memory was short; None where nothing is left.

    What leaves the mask as it is comes first: fewer windows at once, then the sums in main
    memory. Then a smaller window (each axis halved, in the multiples that the model's own window
    allows, down to 32 voxels), then bfloat16, then the CPU, with the model's own window.

    Parameters
    ----------
    plan : Plan
        That did not fit.
    short : str
        The device whose memory was short; ``"cpu"`` is main memory.
    why : str
        For the record.
    """
    if short != plan.device:
        # Main memory, while a GPU computes: only what lies there could shrink, and that is the
        # study itself.
        return None
    changes: dict[str, dict[str, Any]] = {}
    if plan.batch > 1:
        changes["batch"] = {"batch": plan.batch // 2}
    if plan.sums != CPU:
        changes["sums"] = {"sums": CPU}
    if (smaller := _smaller(plan.window, plan.whole)) != plan.window:
        changes["window"] = {"window": smaller}
    if plan.may_bfloat16 and plan.precision == FLOAT32:
        changes["precision"] = {"precision": BFLOAT16}
    if plan.device != CPU:
        there = {"precision": plan.cpu_precision, "window": plan.whole, "may_bfloat16": False}
        changes["device"] = {"device": CPU, **there}
    for name, change in changes.items():
        return Step(name, why, plan, replace(plan, **change))
    return None


def note_on(steps: Sequence[Step]) -> str:
    """Return what the steps changed in the end, as a note for the user."""
    first, last = steps[0].before, steps[-1].after
    changed = []
    if last.device != first.device:
        changed.append(f"computed on the {last.device.upper()} instead of {first.device}")
    elif last.sums != first.sums:
        changed.append("the sums kept in main memory")
    if last.batch != first.batch and last.device == first.device:
        windows = "one window" if last.batch == 1 else f"{last.batch} windows"
        changed.append(f"{windows} at once instead of {first.batch}")
    if last.window != first.window:
        changed.append(f"windows of {_by(last.window)} instead of {_by(first.window)} voxels")
    if last.precision != first.precision:
        changed.append(f"{last.precision} instead of {first.precision}")
    same = last.window == first.window and last.precision == first.precision
    caution = "" if same else " The mask may differ a little from what more memory would give."
    return f"Memory was short ({steps[0].why}): {', '.join(changed)}.{caution}"


def tried(steps: Sequence[Step]) -> str:
    """Return what was tried, as a sentence; empty where there was nothing to try."""
    if not steps:
        return ""
    words = {
        "batch": "fewer windows at once",
        "sums": "sums in main memory",
        "window": f"windows down to {_by(min(step.after.window for step in steps))} voxels",
        "precision": "bfloat16",
        "device": "the CPU",
    }
    names = dict.fromkeys(step.name for step in steps)
    return f"Tried: {', '.join(words[name] for name in names)}"


def _smaller(window: Triple, whole: Triple) -> Triple:
    """Halve every axis that is longer than the smallest, up to what its own window divides by."""
    z, y, x = (_half(n, own) for n, own in zip(window, whole, strict=True))
    return z, y, x


def _half(length: int, own: int) -> int:
    grain = min(own & -own, _COARSEST)  # the largest power of two in the model's own window
    half = -(-(length // 2) // grain) * grain
    return min(length, max(half, min(_SMALLEST, own)))


def _by(sizes: Sequence[int]) -> str:
    return " x ".join(str(n) for n in sizes)
