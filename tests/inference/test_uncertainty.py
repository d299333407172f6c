"""Uncertainty against scipy's entropy; every place maps back to a voxel that is in doubt."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.stats import entropy as shannon
from viewer.grids import AXES, direction
from widgets.maps import segmentation

from napari_acs.imaging import Grid
from napari_acs.inference.maps import RegionMaps
from napari_acs.inference.places import next_places
from napari_acs.inference.regions import labels_from_regions
from napari_acs.inference.uncertainty import (
    Uncertainty,
    entropy,
    mean_uncertainty,
    uncertainty_of,
)
from napari_acs.models.spec import GLIOMA_OUTPUT

REGIONS = GLIOMA_OUTPUT.regions
NAMES = tuple(region.name for region in REGIONS)
halves = hnp.arrays(np.float16, (3, 2, 3, 4), elements=st.floats(0, 1, width=16))


@given(halves)
def test_entropy_is_scipys_of_the_region_that_is_least_sure(values):
    maps = RegionMaps(NAMES, values, (slice(0, 2), slice(0, 3), slice(0, 4)), (2, 3, 4), 0.001)
    p = values.astype(float)
    expected = shannon(np.stack([p, 1 - p]), base=2, axis=0).max(axis=0)
    found = entropy(maps)
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, expected, atol=6e-4)


@given(halves, st.floats(0.01, 0.99))
def test_half_floats_reach_a_threshold_as_numpy_says(values, threshold):
    regions = [region.model_copy(update={"threshold": threshold}) for region in REGIONS]
    wt, tc, et = values >= np.float16(threshold)
    expected = np.select([wt & tc & et, wt & tc, wt], [3, 1, 2], 0)
    np.testing.assert_array_equal(labels_from_regions(values, regions), expected)


def test_the_spread_of_several_views_comes_first_and_nothing_of_nothing():
    made = segmentation()
    assert uncertainty_of(made).title == "entropy of the region probabilities"
    spread = np.full(made.probabilities.values.shape[1:], 0.25, np.float16)
    several = uncertainty_of(replace(made, spread=spread))
    assert several.title.startswith("standard deviation")
    assert several.values is spread
    assert uncertainty_of(replace(made, probabilities=None, spread=spread)) is None


@pytest.mark.parametrize("several", [False, True])
def test_the_figure_of_a_mask_is_the_mean_of_its_map(several):
    made = segmentation()
    maps = made.probabilities
    if several:
        spread = np.random.default_rng(0).uniform(0, 0.5, maps.values.shape[1:])
        made = replace(made, spread=spread.astype(np.float16))
    map_ = uncertainty_of(made)
    expected = maps.spread(map_.values)[made.labels > 0].mean(dtype=np.float64)
    inside = made.labels[maps.box]
    assert mean_uncertainty(maps, made.spread, inside) == {
        "mean": pytest.approx(expected, rel=1e-12), "of": map_.title,
    }  # fmt: skip
    assert mean_uncertainty(maps, made.spread, np.zeros_like(inside)) is None


def grids(size):
    return st.builds(
        lambda spacing, axes, tilts: Grid(size, spacing, (11, -7, 3), direction(*axes, tilts)),
        st.tuples(*[st.floats(0.5, 6)] * 3),
        st.sampled_from(AXES),
        st.tuples(*[st.floats(-20, 20)] * 3),
    )


@settings(max_examples=40)
@given(grid=grids((24, 20, 16)), seed=st.integers(0, 50))
def test_a_place_is_a_voxel_in_doubt_whatever_the_orientation(grid, seed):
    made = segmentation(grid, (slice(2, 15), slice(3, 19), slice(1, 20)), seed)
    uncertain = uncertainty_of(made)
    maps = made.probabilities
    labels = maps.labels_in_box(REGIONS)
    places = next_places(maps, labels, uncertain, grid, REGIONS)
    assume(places)
    assert len(places) <= 10
    assert [p.score for p in places] == sorted((p.score for p in places), reverse=True)
    unsure = maps.spread(uncertain.values) >= np.float16(uncertain.level)
    within = (maps.spread(maps.values[0]) >= 0.2) & (maps.spread(maps.values[-1]) <= 0.8)
    parts, _ = ndimage.label(made.labels > 0, np.ones((3, 3, 3)))
    for place in places:
        index = grid.point_to_index([place.point_mm])[0]
        x, y, z = np.rint(index).astype(int)
        np.testing.assert_allclose(index, [x, y, z], atol=1e-6)
        if "uncertain" in place.why:
            assert unsure[z, y, x]
            assert within[z, y, x]
        else:
            part = parts[z, y, x]
            assert part > 0
            volume = np.count_nonzero(parts == part) * grid.voxel_ml
            assert place.volume_ml == pytest.approx(volume)
            assert place.region in NAMES


@settings(max_examples=30)
@given(grid=grids((40, 40, 40)))
def test_places_are_ranked_by_what_is_in_doubt(grid):
    """One sure tumour, one sure part 12 voxels away, one unsure ball of known volume."""
    values = np.zeros((3, 40, 40, 40), np.float16)
    values[:2, 2:10, 2:10, 2:10] = 0.99
    values[0, 2:5, 22:25, 2:5] = 0.99
    values[:, 34:37, 34:37, 34:37] = 0.5
    maps = RegionMaps(NAMES, values, (slice(0, 40),) * 3, (40,) * 3, 0.001)
    labels = np.where(values[0] > 0.9, 2, 0).astype(np.uint8)
    uncertain = Uncertainty(entropy(maps), "", 0.7, 1.0, "between 0.2 and 0.8")
    volume = 27 * grid.voxel_ml
    assume(volume >= 0.011)
    unsure = grid.index_to_point([[35, 35, 35]])[0]
    apart = grid.index_to_point([[3, 23, 3]])[0]
    places = next_places(maps, labels, uncertain, grid, REGIONS)
    by_kind = {"uncertain" in place.why: place for place in places}
    np.testing.assert_allclose(by_kind[False].point_mm, apart, atol=1e-6)
    assert by_kind[False].volume_ml == pytest.approx(volume)
    assert by_kind[False].score == pytest.approx(min(volume, 1))
    said = float(re.search(r"(\d+) mm away", by_kind[False].why)[1])
    assert said == pytest.approx(13 * grid.spacing[1], abs=0.51)
    pieces = [place for place in places if "uncertain" in place.why]
    if max(grid.spacing) * 2 <= 20:
        assert len(places) == 2
        np.testing.assert_allclose(pieces[0].point_mm, unsure, atol=1e-6)
        assert pieces[0].score == pytest.approx(volume)
    assert pieces[0].why.startswith("WT is uncertain here: ")


def test_a_rim_is_cut_into_places_that_fit_one_look():
    shape = (80, 80, 80)
    z, y, x = np.indices(shape) - 40
    away = np.sqrt(z**2 + y**2 + x**2)
    p = (1 / (1 + np.exp(away - 30))).astype(np.float16)
    maps = RegionMaps(("WT",), p[None], (slice(0, 80),) * 3, shape, 0.001)
    grid = Grid(shape, (1, 1, 1), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    made = replace(segmentation(), probabilities=maps, grid=grid, regions=REGIONS[:1])
    uncertain = uncertainty_of(made)
    places = next_places(maps, (p >= 0.5).astype(np.uint8) * 2, uncertain, grid, REGIONS[:1])
    assert len(places) == 10
    for place in places:
        assert np.linalg.norm(np.subtract(place.point_mm, 40)) == pytest.approx(30, abs=2.5)
        assert place.volume_ml < 20**3 / 1000
    points = np.array([place.point_mm for place in places])
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)[np.triu_indices(10, 1)]
    assert apart.min() >= 10
