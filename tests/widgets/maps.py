"""A segmentation with probabilities, made up on the grid of `widgets.fakes`. Imports no napari."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from widgets.fakes import GRID

from napari_acs.inference.maps import RegionMaps
from napari_acs.inference.messages import Segmentation
from napari_acs.models.spec import GLIOMA_OUTPUT

BOX = (slice(1, 9), slice(2, 11), slice(1, 12))
"""Touches no two faces of the grid alike: a flip cannot go unseen."""


def segmentation(
    grid=GRID, box=BOX, seed=0, smooth=1.0, regions=GLIOMA_OUTPUT.regions
) -> Segmentation:
    random = np.random.default_rng(seed)
    shape = tuple(side.stop - side.start for side in box)
    field = ndimage.gaussian_filter(random.normal(size=(3, *shape)), (0, *[smooth] * 3))
    values = np.minimum.accumulate(1 / (1 + np.exp(-8 * field - 1)), axis=0).astype(np.float16)
    values.setflags(write=False)
    maps = RegionMaps(("WT", "TC", "ET"), values, box, grid.shape, grid.voxel_ml)
    labels = maps.spread(maps.labels_in_box(regions))
    labels.setflags(write=False)
    return Segmentation(
        labels, grid, GLIOMA_OUTPUT.labels, maps, {}, {"model": {"id": "m"}}, {}, regions=regions
    )


def labels_at(made: Segmentation, **thresholds: float) -> np.ndarray:
    """Return the label map on the whole grid, by the definition of nested regions."""
    maps = made.probabilities
    at = {region.name: thresholds.get(region.name, region.threshold) for region in made.regions}
    wt, tc, et = (maps.whole(name) >= np.float16(at[name]) for name in maps.names)
    return np.select([wt & tc & et, wt & tc, wt], [3, 1, 2], 0).astype(np.uint8)
