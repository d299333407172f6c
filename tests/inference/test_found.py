"""From maps in model space to the study's grid: the box, the nesting, and the nearest place."""

from __future__ import annotations

import numpy as np
import pytest

from napari_acs.imaging import to_model_space
from napari_acs.inference.found import find
from napari_acs.inference.maps import LEAST
from napari_acs.inference.moments import Moments
from napari_acs.models.spec import GLIOMA_OUTPUT

CHANNELS = ("flair", "t1ce", "t2", "t1")
REGIONS = GLIOMA_OUTPUT.regions


def _space(study, peak, at, spacing=1.0, count=1):
    """Return a model space in which the outermost region is ``peak`` around one voxel."""
    image = to_model_space(study, CHANNELS, (spacing,) * 3)
    maps = np.zeros((3, *image.array.shape[1:]), np.float32)
    z, y, x = (int(share * side) for share, side in zip(at, maps.shape[1:], strict=True))
    maps[:, z - 1 : z + 2, y - 1 : y + 2, x - 1 : x + 2] = peak
    moments = Moments()
    for _ in range(count):
        moments.add(maps.copy())
    return image, moments


@pytest.mark.parametrize("peak", [LEAST * 1.5, LEAST / 2])
def test_the_box_holds_what_is_as_likely_as_the_lower_of_least_and_threshold(known_study, peak):
    space = _space(known_study, peak, (0.5, 0.5, 0.5))
    low = [region.model_copy(update={"threshold": LEAST / 4}) for region in REGIONS]
    values = find([space], known_study.grid, low).maps.values
    assert values.max() == pytest.approx(peak, rel=0.01)
    whole = find([space], known_study.grid, REGIONS).maps

    assert values.size < np.prod(whole.shape) / 10
    assert (whole.values.size == values.size) == (
        peak > LEAST
    )  # where nothing is likely all is kept


def test_models_of_two_spaces_count_by_their_views_and_share_a_box(known_study):
    here = _space(known_study, 0.9, (0.3, 0.3, 0.3))
    there = _space(known_study, 0.9, (0.7, 0.7, 0.7), spacing=1.5, count=3)
    whole = find([here, there], known_study.grid, REGIONS).maps.whole("WT").astype(float)
    alone = [
        find([s], known_study.grid, REGIONS).maps.whole("WT").astype(float) for s in (here, there)
    ]
    np.testing.assert_allclose(whole, (alone[0] + 3 * alone[1]) / 4, atol=LEAST)


def test_the_nearest_place_is_where_the_map_is_highest(known_study):
    found = find([_space(known_study, 0.4, (0.6, 0.4, 0.7))], known_study.grid, REGIONS)
    whole = found.maps.whole("WT")
    x, y, z = np.rint(known_study.grid.point_to_index([found.nearest[0].point_mm])[0]).astype(int)
    assert whole[z, y, x] == whole.max() > 0.1
