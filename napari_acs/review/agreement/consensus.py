"""One mask out of several: by majority, or weighted by how reliable each rater is (STAPLE)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.boxes import Box, around, bounding_box, grown
from napari_acs.review.correct.nesting import GLIOMA, Nesting

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Reliability:
    """What STAPLE makes of one rater in one region, within the box that was looked at."""

    rater: int
    region: str
    sensitivity: float
    specificity: float


@dataclass(frozen=True, eq=False)
class Consensus:
    """A mask that stands for several.

    Attributes
    ----------
    labels : ndarray of uint8, shape (z, y, x)
    how : str
        In words.
    raters : int
    reliability : tuple of Reliability
        Of STAPLE; for every region that more than half drew, or none, and rater, in their order.
    """

    labels: NDArray[np.uint8]
    how: str
    raters: int
    reliability: tuple[Reliability, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return all but the labels as JSON-ready data."""
        return {
            "how": self.how,
            "raters": self.raters,
            "reliability": [vars(each) for each in self.reliability],
        }


def majority(masks: Sequence[NDArray[np.uint8]], *, nesting: Nesting = GLIOMA) -> Consensus:
    """Return what more than half of the masks say, region by region.

    A tie is no majority: of two masks it is what they share. Votes for an inner region are votes
    for those around it, so the result is nested.

    Parameters
    ----------
    masks : sequence of ndarray of uint8, shape (z, y, x)
    nesting : Nesting

    Raises
    ------
    BadInput
        Fewer than two masks, shapes that differ, or unknown labels.
    """
    votes = _votes(masks, nesting)
    # Sorted by depth, the mask that just makes a majority says how deep it reaches.
    place = (len(masks) - 1) // 2
    agreed = np.partition(votes.depths, place, axis=0)[place]
    how = f"majority of {len(masks)} masks, in every region"
    return Consensus(votes.labels(agreed, nesting), how, len(masks))


def staple(masks: Sequence[NDArray[np.uint8]], *, nesting: Nesting = GLIOMA) -> Consensus:
    """Return the consensus by STAPLE, region by region from the outside inwards.

    Warfield, Zou & Wells, IEEE TMI 23(7):903-921, 2004, by SimpleITK (without the paper's Markov
    field): a voxel belongs to a region where that is more likely than not, and belongs to the
    region around it. How likely a region is before anybody is asked (the masks' mean), and so the
    result, depends on how much background is looked at: here it is the box around what any mask
    has of the region, one voxel larger.

    Whether there is a region at all is not left to it: it takes a rater who drew nothing for one
    who sees nothing, and would give two of five who drew something their way. So a region that
    not more than half of the masks have is in none, as `majority` has it, and nobody is rated.

    Parameters
    ----------
    masks : sequence of ndarray of uint8, shape (z, y, x)
    nesting : Nesting

    Raises
    ------
    BadInput
        Fewer than two masks, shapes that differ, or unknown labels.
    """
    votes = _votes(masks, nesting)
    reliability: list[Reliability] = []
    agreed = np.zeros(votes.depths.shape[1:], np.uint8)
    drawn = nesting.regions if agreed.size else ()  # where nothing is, nobody is rated
    for level, region in enumerate(drawn, start=1):
        who = (votes.depths >= level).reshape(len(masks), -1).any(axis=1).sum()
        if 0 < who <= len(masks) / 2:  # nobody can tell how reliable those are who drew nothing
            continue
        inside, rates = _staple_of(votes.depths >= level)
        reliability += [Reliability(rater, region, *each) for rater, each in enumerate(rates)]
        agreed[inside & (agreed == level - 1)] = level
    how = f"STAPLE of {len(masks)} masks, in every region, in the box around it"
    return Consensus(votes.labels(agreed, nesting), how, len(masks), tuple(reliability))


def _staple_of(
    masks: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], list[tuple[float, float]]]:
    """Return the consensus of one region, and sensitivity and specificity of every rater."""
    first = masks[0]
    if (masks == first).all():  # STAPLE would divide by 0
        return first, [(1.0, 1.0)] * len(masks)
    import SimpleITK as sitk  # counting votes needs none of it

    inside = np.zeros(first.shape, bool)
    union = bounding_box(np.logical_or.reduce(masks).view(np.uint8))
    z, y, x = first.shape
    box = grown(union, (1, 1, 1), (z, y, x)) if union else (slice(0),) * 3
    staple_filter = sitk.STAPLEImageFilter()
    staple_filter.SetForegroundValue(1)
    images = [
        sitk.GetImageFromArray(np.ascontiguousarray(mask[box]).view(np.uint8)) for mask in masks
    ]
    found = staple_filter.Execute(images)  # a view does not keep its image alive
    inside[box] = sitk.GetArrayViewFromImage(found) > 0.5
    rates = zip(staple_filter.GetSensitivity(), staple_filter.GetSpecificity(), strict=True)
    return inside, [(float(sensitivity), float(specificity)) for sensitivity, specificity in rates]


@dataclass(frozen=True, eq=False)
class _Votes:
    """How deep each mask reaches, shape (n, z, y, x), in the box that any has a label in."""

    depths: NDArray[np.uint8]
    box: Box
    shape: tuple[int, ...]

    def labels(self, agreed: NDArray[np.uint8], nesting: Nesting) -> NDArray[np.uint8]:
        """Return the labels of the whole array for a depth in the box."""
        labels = np.zeros(self.shape, np.uint8)
        labels[self.box] = nesting.back(agreed)
        return labels


def _votes(masks: Sequence[NDArray[np.uint8]], nesting: Nesting) -> _Votes:
    """Return the depths of masks, in the box around all of their labels, one voxel larger."""
    shapes = {mask.shape for mask in masks}
    if len(masks) < 2 or len(shapes) > 1:
        raise BadInput(
            "A consensus needs several masks of one study",
            found=f"{len(masks)} mask(s) of shape {', '.join(map(str, sorted(shapes)))}",
            expected="two or more masks on one grid",
            do="Add the mask of another reader",
        )
    nz, ny, nx = masks[0].shape
    found = around([box for box in map(bounding_box, masks) if box is not None])
    box = grown(found, (1, 1, 1), (nz, ny, nx)) if found else (slice(0),) * 3
    return _Votes(np.stack([nesting.depth(mask[box]) for mask in masks]), box, (nz, ny, nx))
