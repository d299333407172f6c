"""How bright each tissue is in each sequence."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .fields import normal, uniform

TISSUES = ("wm", "gm", "csf", "solid", "cyst", "oedema", "enhancing", "vessel", "wmh", "blood")
"""Columns of the contrast table. ``solid`` and ``cyst`` are the two ends of the label NCR:
non-enhancing tumour, and fluid-like necrosis. ``wmh``: white-matter hyperintensities."""

# White matter on T1 is 1. After the mean signal in the real cases, brain by brain.
_MEAN = {
    "t1": (1.00, 0.80, 0.38, 0.82, 0.60, 0.80, 0.79, 0.70, 0.85, 1.25),
    "t1ce": (0.95, 0.80, 0.40, 0.82, 0.58, 0.79, 1.35, 1.50, 0.82, 1.15),
    "t2": (0.45, 0.58, 1.45, 1.05, 1.35, 0.98, 0.98, 0.35, 0.75, 0.40),
    "flair": (0.62, 0.72, 0.22, 1.10, 0.92, 1.08, 1.06, 0.60, 1.05, 0.75),
}
_SPREAD = (0.04, 0.05, 0.15, 0.12, 0.25, 0.10, 0.15, 0.20, 0.10, 0.20)
_LEAST_GAP = 0.18
_BORDERS = (
    ("oedema", "wm"),
    ("oedema", "gm"),
    ("solid", "oedema"),
    ("cyst", "oedema"),
    ("enhancing", "solid"),
    ("enhancing", "cyst"),
    ("enhancing", "oedema"),
)


def draw_contrast(rng: torch.Generator, like: Tensor) -> Tensor:
    """Draw a realistic contrast table.

    The order of the tissues in each sequence stays as it is in glioma MRI: T1 WM > GM > CSF with
    tumour dark, T1ce the same with enhancement bright, T2 CSF brightest and oedema bright, FLAIR
    CSF dark and oedema bright.

    Returns
    -------
    Tensor
        ``(4, len(TISSUES))``, sequences in the order t1, t1ce, t2, flair.
    """
    rows = []
    for name, means in _MEAN.items():
        row = [m * math.exp(normal(rng, 0.0, s)) for m, s in zip(means, _SPREAD, strict=True)]
        # From flat to crisp grey/white contrast; a middle that keeps white on its side of grey.
        middle = (row[0] + row[1]) / 2
        half = abs(means[0] - means[1]) / 2 * uniform(rng, 0.25, 1.5)
        sign = 1.0 if means[0] > means[1] else -1.0
        row[0], row[1] = middle + sign * half, middle - sign * half
        if name in {"t1", "t1ce"}:
            row[5] = min(row[5], 0.92 * row[0])
        if name == "t1ce":
            row[6] = max(row[6], 1.12 * max(row[0], row[5]))
        if name == "flair":
            row[5] = max(row[5], 1.15 * max(row[0], row[1]))
        rows.append(row)
    return torch.tensor(rows, dtype=like.dtype, device=like.device)


def draw_random_contrast(rng: torch.Generator, like: Tensor) -> Tensor:
    """Draw arbitrary intensities, with every tumour part visible in at least one sequence.

    Each pair that a label border separates (oedema from white and from grey matter, solid and
    cystic core from oedema, enhancement from each of them) differs by at least a fixed gap in
    some sequence.

    Returns
    -------
    Tensor
        ``(4, len(TISSUES))``.
    """
    at = TISSUES.index
    left, right = ([at(pair[i]) for pair in _BORDERS] for i in (0, 1))
    while True:
        table = 0.15 + 1.2 * torch.rand(
            (4, len(TISSUES)), generator=rng, device=rng.device, dtype=like.dtype
        )
        gaps = (table[:, left] - table[:, right]).abs().amax(0)
        if float(gaps.min()) >= _LEAST_GAP:  # all but a few draws in a hundred
            break
    table[:, at("wmh")] = 0.6 * table[:, at("oedema")] + 0.4 * table[:, at("wm")]
    return table
