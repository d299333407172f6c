"""Find the brain in heads: the default `BrainExtractor`, which works offline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_acs.imaging import TITLES, Study, Volume, foreground, is_skull_stripped
from napari_acs.imaging.brain_mask import BrainMask, judged
from napari_acs.imaging.cancel import Cancelled, ignore, never
from napari_acs.imaging.metrics import dice
from napari_acs.imaging.registration.field_of_view import imaged
from napari_acs.inference.brain_stages import brain_of, brain_probability
from napari_acs.inference.device import device_title, pick_device
from napari_acs.models.brain_weights import SHA256, SOURCE, load_brain_networks

T1_WEIGHTED = ("t1", "t1ce")
"""What the networks were trained on, but for the contrast agent: all of these are looked at."""
OTHERS = ("flair", "t2")
"""Looked at where there is no T1: only the first that is there, the better one first."""
_AGREE = 0.93
"""Two sequences whose brains overlap less (Dice) are not aligned, or one was misread."""


def extract_brain(
    volumes: Mapping[str, Volume],
    /,
    *,
    device: str = "cpu",
    cancelled: Callable[[], bool] = never,
    progress: Callable[[float], None] = ignore,
) -> BrainMask:
    """Find the brain in co-registered sequences.

    Where sequences are skull-stripped already, the brain is what they show. Otherwise the
    networks of deepbet look at T1 and T1ce, and their probabilities are averaged; without
    either, at FLAIR, else T2, which they were not trained on. The largest piece above one half
    is kept, with its holes filled.

    Parameters
    ----------
    volumes : mapping of str to Volume
        Some of ``t1``, ``t1ce``, ``t2``, ``flair`` on one grid, in any orientation.
    device : str
        ``"auto"`` or one of ``available_devices()``. ``"mps"`` is taken as the CPU: a look takes
        it 2 s, and Metal lacks the networks' 3D layers in the older of the supported torches.
    cancelled : callable
        Asked between the stages (at most about 2 s on a CPU); True stops the work.
    progress : callable
        Told the finished part, 0 to 1.

    Returns
    -------
    BrainMask
        Its step's verdict is ``"look"`` where the volume is unusual, the sequences disagree or
        no T1 was there, and ``"failed"`` where the mask cannot be a brain.

    Raises
    ------
    BadInput
        The sequences make no study (none, different grids, constant, not finite), there is no
        brain in them, or the device is not there.
    Cancelled
        ``cancelled`` said so.
    """
    study = Study("to be skull-stripped", volumes)
    ready = stripped_brain(study)
    if ready:
        progress(1.0)
        return ready
    place = pick_device(device)
    place = "cpu" if place == "mps" else place
    names = sequences_to_look_at(tuple(study.sequences))

    def step(part: float) -> None:
        if cancelled():
            raise Cancelled
        progress(part)

    step(0.0)
    networks = load_brain_networks(device=place)
    total = np.zeros(study.grid.shape, np.float32)
    looks = np.zeros(study.grid.shape, np.uint8)
    fields = {name: _field_of_view(study.sequences[name]) for name in names}
    brains: dict[str, NDArray[np.bool_]] = {}
    for index, name in enumerate(names):

        def one(part: float, index: int = index) -> None:
            step((index + part) / len(names))

        probability = brain_probability(
            study.sequences[name].array, study.grid, networks, place, one
        )
        np.add(total, probability, out=total, where=fields[name])
        looks += fields[name]
        brains[name] = brain_of(probability)
    # Where only one of them was imaged, that one decides.
    np.divide(total, looks, out=total, where=looks > 0)
    mask = brain_of(total)
    titles = [TITLES[name] for name in names]
    details: dict[str, object] = {"sequences": list(names), "device": device_title(place)}
    details["weights_sha256"] = SHA256
    doubts = []
    if names[0] not in T1_WEIGHTED:
        doubts.append(
            f"Only {titles[0]} was there to find the brain in, and the networks were trained on "
            "T1: check the mask."
        )
    for a, b in combinations(names, 2):
        both = fields[a] & fields[b]
        agreement = dice(brains[a] & both, brains[b] & both)
        details["agreement_dice"] = round(agreement, 4)
        if agreement < _AGREE:
            doubts.append(
                f"{TITLES[a]} and {TITLES[b]} show different brains (Dice {agreement:.2f}): they "
                "may not be aligned."
            )
    result = judged(mask, study.grid, f"{SOURCE} on {' and '.join(titles)}", tuple(doubts), details)
    progress(1.0)
    return result


def _field_of_view(volume: Volume) -> NDArray[np.bool_]:
    seen = imaged(volume)
    return np.ones(volume.grid.shape, bool) if seen is None else seen


def sequences_to_look_at(present: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sequences that the networks are shown, of those that are there."""
    best = tuple(name for name in T1_WEIGHTED if name in present)
    return best or tuple(name for name in OTHERS if name in present)[:1]


def stripped_brain(study: Study) -> BrainMask | None:
    """Return the brain that skull-stripped sequences show together; None where all have a skull.

    A skull-stripped sequence beside others with skull (all co-registered) is their mask, too.
    """
    voxel_ml = study.grid.voxel_ml
    shown = {
        name: foreground(volume.array, voxel_ml)
        for name, volume in study.sequences.items()
        if is_skull_stripped(volume.array, voxel_ml)
    }
    if not shown:
        return None
    titles = " and ".join(TITLES[name] for name in shown)
    mask = np.logical_or.reduce(list(shown.values()))
    details = {"sequences": list(shown)}
    return judged(mask, study.grid, f"as {titles} came, skull-stripped", details=details)
