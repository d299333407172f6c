"""Prepared cases that show one head, whatever they are called.

The patients of BraTS 2018 are in BraTS 2020 and 2021 under other names, and copies are rescaled,
quantised or moved by a voxel, so names and checksums do not tell.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool3d

from napari_acs.training.cases import Case
from napari_acs.training.checks.same_head import same_images
from napari_acs.training.checks.together import refuse
from napari_acs.training.same_patient import patient_key

SAME = 0.9
"""More correlated than this, two cases show one head.

Over all pairs of the 26 shared cases the highest is 0.73 and the median 0.19. A case against
itself with noise, moved by a voxel, cropped or with other contrast has 0.97 or more.
"""
_BLOCKS = 8
"""Along each axis: small enough to compare thousands of cases, coarse enough to bear a shift."""


@dataclass(frozen=True)
class Alike:
    """Two cases that show one head.

    Attributes
    ----------
    first, second : str
        Their names.
    correlation : float
        Of their coarse images, the mean over the sequences that both have.
    """

    first: str
    second: str
    correlation: float


def alike(cases: Sequence[Case], than: float = SAME) -> list[Alike]:
    """Return every pair of cases whose images are more correlated than ``than``.

    Each sequence is averaged in 8 x 8 x 8 blocks of its box round the brain.
    """
    found = alike_images([case.images for case in cases], than)
    return [Alike(cases[a].name, cases[b].name, likeness) for a, b, likeness in found]


def alike_images(images: Sequence[Tensor], than: float) -> list[tuple[int, int, float]]:
    """Return the places of every pair of images (c, z, y, x) that are alike, and how much."""
    if not images:
        return []
    coarse = torch.stack([_coarse(image) for image in images])  # case, channel, block
    both = torch.einsum("acx,bcx->abc", coarse, coarse)
    there = coarse.any(dim=2).float()
    shared = torch.einsum("ac,bc->ab", there, there)
    likeness = both.sum(dim=2) / shared.clamp(min=1)
    pairs = torch.nonzero(torch.triu(likeness > than, diagonal=1)).tolist()
    return [(a, b, float(likeness[a, b])) for a, b in pairs]


def refuse_leaks(cases: Sequence[Case], validation: Collection[str]) -> None:
    """Refuse prepared cases of which two show one head, or one patient, across a split.

    Parameters
    ----------
    cases : sequence of Case
        All that take part.
    validation : collection of str
        Names of those that are not trained on.

    Raises
    ------
    BadInput
        There are such; the first ten are named.
    """
    faults = []
    for pair in alike(cases):
        names = sorted((pair.first, pair.second), key=lambda name: name not in validation)
        if names[0] in validation and names[1] not in validation:
            said = f"images that correlate by {pair.correlation:.3f} (two patients: below {SAME})"
            faults.append(same_images(names[0], names[1], said))
    trained = {patient_key(c.patient): c.name for c in cases if c.name not in validation}
    faults += [
        same_images(case.name, trained[whose], f"the patient {case.patient} in both")
        for case in cases
        if case.name in validation and (whose := patient_key(case.patient)) and whose in trained
    ]
    refuse(faults)


def _coarse(images: Tensor) -> Tensor:
    """Return the blocks of each channel, (c, n), of mean 0 and norm 1; 0 for an empty channel."""
    blocks: Tensor = adaptive_avg_pool3d(images[None].float(), _BLOCKS)[0].flatten(1)
    blocks = blocks - blocks.mean(dim=1, keepdim=True)
    norm: Tensor = torch.linalg.vector_norm(blocks, dim=1, keepdim=True)
    return blocks / norm.clamp(min=1e-6)
