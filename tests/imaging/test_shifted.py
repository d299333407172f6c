"""The z-scores that shift the background, held to their formula over the whole volume."""

from __future__ import annotations

import numpy as np
import pytest
from imaging.geometries import ORIENTATIONS, make_grid, smooth_volume

from napari_acs.errors import BadInput
from napari_acs.imaging import Study, Volume, lps_grid, to_lps, to_model_space
from napari_acs.imaging.shifted import SHIFTED, scale_of

MASKS = {
    "zscore": lambda array: np.ones(array.shape, bool),
    "nonzero-zscore-shifted": lambda array: array != 0,
    "positive-zscore-shifted": lambda array: array > 0,
}
SPACING = (1.0, 1.0, 1.0)


def scaled(array, method):
    values = array[MASKS[method](array)].astype(np.float64)
    return (array - values.mean()) / values.std(ddof=1)


def empty(array):
    """A brain amid zeros, with a hole and values below 0 in it."""
    array[array > 560] = 0
    array[(array > 420) & (array < 430)] = -40
    return array


def raised(array):
    """All of it above 0, the background too."""
    return array + 7


def noisy(array):
    """A head amid noise, of which some is 0 and some below."""
    return array + np.random.default_rng(3).normal(0, 20, array.shape).round()


@pytest.mark.parametrize("change", [empty, raised, noisy])
@pytest.mark.parametrize("method", MASKS)
def test_every_voxel_of_the_volume_is_as_the_formula_has_it(method, change):
    """Those inside model space, and those outside, which are the background."""
    grid = make_grid(ORIENTATIONS[5], SPACING, (10, -20, 5), (0.1, 0.0, 0.2), (44, 52, 47))
    arrays = {n: change(smooth_volume(grid, i, 0.2)) for i, n in enumerate(("t1", "flair"))}
    study = Study("any", {n: Volume(a.astype(np.int16), grid) for n, a in arrays.items()})
    image = to_model_space(study, ("flair", "t1"), SPACING, method)
    whole = lps_grid(grid)
    x, y, z = np.round(whole.point_to_index([image.grid.origin])[0]).astype(int).tolist()
    dz, dy, dx = image.grid.shape
    assert (image.grid.shape < whole.shape) == (change is empty)
    assert len(image.background) == 2
    for name, channel, value in zip(("flair", "t1"), image.array, image.background, strict=True):
        made = np.full(whole.shape, value)
        made[z : z + dz, y : y + dy, x : x + dx] = channel
        raw = to_lps(study.sequences[name].array, grid).astype(np.float64)
        np.testing.assert_allclose(made, scaled(raw, method), atol=2e-5, rtol=1e-5)


def test_a_thin_volume_is_surrounded_by_its_background():
    grid = make_grid(spacing=SPACING, size=(30, 30, 7))
    study = Study("thin", {"t1": Volume(smooth_volume(grid, radius=0.9), grid)})
    image = to_model_space(study, ("t1",), SPACING, "nonzero-zscore-shifted")
    assert image.grid.shape[0] == 16
    ends = image.array[0, [0, 1, 2, 3, 12, 13, 14, 15]]
    np.testing.assert_array_equal(ends, np.float32(image.background[0]))
    assert image.background[0] < -1


def test_the_other_normalisations_have_zeros_around_them():
    grid = make_grid(spacing=SPACING, size=(30, 30, 30))
    study = Study("any", {"t1": Volume(smooth_volume(grid), grid)})
    for method in ("brain-zscore", "nonzero-zscore"):
        image = to_model_space(study, ("t1",), SPACING, method)
        assert not any(image.background)
        assert not image.array[:, ~image.brain].any()


def test_voxels_that_are_only_counted_weigh_as_if_they_were_there():
    array = np.random.default_rng(0).normal(5, 3, (6, 7, 8)).astype(np.float32)
    grown = np.pad(array, 3)
    for method in SHIFTED:
        short, full = (scale_of(each, method, grown.size) for each in (array, grown))
        assert (short.mean, short.deviation) == pytest.approx((full.mean, full.deviation), rel=1e-6)


@pytest.mark.parametrize("method", MASKS)
def test_what_gandlf_cannot_prepare_is_refused(method):
    grid = make_grid(spacing=SPACING, size=(30, 30, 30))
    made = Volume(smooth_volume(grid), grid)
    with pytest.raises(BadInput, match=r"only t1.*all of t1, flair"):
        to_model_space(Study("a", {"t1": made}), ("t1", "flair"), SPACING, method)
    flat = Volume(np.where(made.array > 0, 3, 0).astype(np.int16), grid)
    study = Study("a", {"t1": made, "flair": flat})
    if method == "zscore":  # of two values, which have a deviation
        assert to_model_space(study, ("t1", "flair"), SPACING, method).array.max() > 1
    else:
        with pytest.raises(BadInput, match="flair of study a"):
            to_model_space(study, ("t1", "flair"), SPACING, method)
