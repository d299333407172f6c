"""Judge a registration by what can be measured without knowing the truth.

The thresholds come from 12 pairs of native sequences with 5.5 mm slices (right, mirrored) and 18
pairs of BraTS (in place, moved, mirrored, another patient):

===============  ==============  =============  =============
measure          right (47)      mirrored (29)  other (17)
===============  ==============  =============  =============
mirror ratio     0.50 - 0.84     0.97 - 1.96    0.94 - 1.07
flatness         0.34 - 0.57     0.58 - 0.67    0.66 - 0.77
===============  ==============  =============  =============

`benchmarks/registration.py`, 2026-11-24 (the same patient of TCGA, 5 of BraTS):

===============  ==============  =============  =============
measure          right (30)      mirrored (8)   other (8)
===============  ==============  =============  =============
mirror ratio     0.50 - 0.82     1.21 - 1.61    0.95 - 1.07
flatness         0.37 - 0.53     0.60 - 0.66    0.66 - 0.70
===============  ==============  =============  =============

The mutual information itself (0.13 - 0.37 right, 0.11 - 0.23 mirrored), the Dice of the head
masks (0.84 - 1.0 and 0.82 - 0.96) and the forward-backward error (0.2 - 1.6 and 0.4 - 1.8 mm)
do not tell them apart: a wrong head is laid on a head quite repeatably.
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_acs.imaging.step import Verdict

GOOD_MIRROR = 0.87
BAD_MIRROR = 0.95
GOOD_FLATNESS = 0.60
BAD_FLATNESS = 0.75
GOOD_OVERLAP = 0.80
BAD_OVERLAP = 0.40
FAR_MM = 80.0
"""Scanners and converters shift origins by a few centimetres; more is worth a look."""
FAR_DEG = 35.0
AGREE_MM = 3.0


@dataclass(frozen=True)
class Evidence:
    """What speaks for or against a registration.

    Attributes
    ----------
    nmi : float
        Normalised mutual information less one, at about 2 mm.
    mirror_ratio : float
        ``nmi`` of moving mirrored left to right and registered anew, over ``nmi``. A head is
        nearly symmetric, so its mirror image says what a wrong head would reach.
    flatness : float
        Mean mutual information 8 mm away from the optimum, over that at the optimum (4 mm).
    overlap : float
        Part of fixed's head within moving's field of view.
    dice : float
        Agreement of the head masks there.
    consistency_mm : float or None
        Mean distance over the head between a point and where it lands after going to moving
        and back, each way registered from its own starts; None where only one way was.
    moved_mm, turned_deg : float
        How far the centre of the head moves, and by what angle the head turns.
    """

    nmi: float
    mirror_ratio: float
    flatness: float
    overlap: float
    dice: float
    consistency_mm: float | None
    moved_mm: float
    turned_deg: float


def judge(seen: Evidence) -> tuple[Verdict, str]:
    """Return the verdict and one sentence that explains it to a radiologist."""
    moved = f"it was moved by {seen.moved_mm:.1f} mm and turned by {seen.turned_deg:.1f} degrees"
    for bad, why in _failures(seen):
        if bad:
            return "failed", f"{why}; {moved}."
    for odd, why in _doubts(seen):
        if odd:
            return "look", f"{why}; {moved}."
    return "good", f"The heads fit on each other; {moved}."


def _failures(seen: Evidence) -> list[tuple[bool, str]]:
    return [
        (
            seen.overlap < BAD_OVERLAP,
            f"Only {seen.overlap:.0%} of the head is inside the other image's field of view",
        ),
        (seen.nmi <= 0.01, "The two images have nothing in common"),
        (
            seen.mirror_ratio > 1 / BAD_MIRROR,
            "The mirror image fits better: left and right may be swapped, or these are two "
            "patients",
        ),
        (
            seen.mirror_ratio > BAD_MIRROR or seen.flatness > BAD_FLATNESS,
            "The images fit no better than two different heads would",
        ),
    ]


def _doubts(seen: Evidence) -> list[tuple[bool, str]]:
    return [
        (
            seen.mirror_ratio > GOOD_MIRROR or seen.flatness > GOOD_FLATNESS,
            "The fit is hardly better than that of a mirrored or a different head",
        ),
        (
            seen.overlap < GOOD_OVERLAP,
            f"Only {seen.overlap:.0%} of the head is inside the other image's field of view",
        ),
        (
            (seen.consistency_mm or 0.0) > AGREE_MM,
            f"Registering the other way round ends {seen.consistency_mm or 0:.1f} mm elsewhere",
        ),
        (
            seen.moved_mm > FAR_MM or seen.turned_deg > FAR_DEG,
            "The heads fit, but the headers were far apart",
        ),
    ]
