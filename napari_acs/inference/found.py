"""From the averaged maps in model space to what is kept on the study's grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_acs.imaging import part_on_study_grid, to_study_grid
from napari_acs.imaging.brain import brain_box
from napari_acs.inference.maps import LEAST, Box, RegionMaps
from napari_acs.inference.messages import Nearest
from napari_acs.inference.moments import Moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid, ModelSpaceImage
    from napari_acs.models.spec import Region


@dataclass(frozen=True, eq=False)
class Found:
    """What the models say, on the study's grid.

    Attributes
    ----------
    maps : RegionMaps
    spread : ndarray of float16, shape (z, y, x), or None
        In the maps' box; see ``Segmentation.spread``.
    nearest : tuple of Nearest
        The highest probability of every region, and where it is.
    """

    maps: RegionMaps
    spread: NDArray[np.float16] | None
    nearest: tuple[Nearest, ...]


def find(
    spaces: Sequence[tuple[ModelSpaceImage, Moments]], grid: Grid, regions: Sequence[Region]
) -> Found:
    """Bring the maps of every model space to a study's grid, and average them there.

    Only the part is interpolated where the outermost region is as likely as is kept.

    Parameters
    ----------
    spaces : sequence of (ModelSpaceImage, Moments)
        What was predicted in each; regions outermost first.
    grid : Grid
        The study's reference grid.
    regions : sequence of Region
    """
    least = min(LEAST, *(region.threshold for region in regions))
    part = _around([part_on_study_grid(_likely(m.mean[0], least), i, grid) for i, m in spaces])
    there = Moments()
    for image, moments in spaces:
        variance = moments.variance
        there.add(
            to_study_grid(moments.mean, image, grid, part),
            None if variance is None else to_study_grid(variance, image, grid, part),
            moments.count,
        )
    mean = there.mean
    for outer, inner in pairwise(mean):
        np.minimum(outer, inner, out=inner)  # resampling may break the nesting by rounding
    tight = _likely(mean[0], least)
    box = _within(part, tight)
    values = _half(mean[(slice(None), *tight)])
    spread = None
    if (variance := there.variance) is not None:
        spread = _half(np.sqrt(variance.max(axis=0)[tight]))
    names = tuple(region.name for region in regions)
    z, y, x = grid.shape
    nearest = tuple(_nearest(r, m, part, grid) for r, m in zip(regions, mean, strict=True))
    return Found(RegionMaps(names, values, box, (z, y, x), grid.voxel_ml), spread, nearest)


def _likely(outermost: NDArray[np.float32], least: float) -> Box:
    return brain_box([outermost >= least])


def _around(boxes: Sequence[Box]) -> Box:
    z, y, x = (
        slice(min(s.start for s in axis), max(s.stop for s in axis))
        for axis in zip(*boxes, strict=True)
    )
    return z, y, x


def _within(part: Box, inner: Box) -> Box:
    z, y, x = (slice(a.start + b.start, a.start + b.stop) for a, b in zip(part, inner, strict=True))
    return z, y, x


def _half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    half = torch.from_numpy(np.ascontiguousarray(values)).half().numpy()  # 8x faster than numpy
    half.setflags(write=False)
    return half


def _nearest(region: Region, values: NDArray[np.float32], part: Box, grid: Grid) -> Nearest:
    at = np.unravel_index(int(values.argmax()), values.shape)
    index = [int(i) + s.start for i, s in zip(reversed(at), reversed(part), strict=True)]
    x, y, z = grid.index_to_point([index])[0].tolist()
    return Nearest(region.name, region.title, float(values[at]), region.threshold, (x, y, z))
