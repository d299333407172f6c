from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from imaging.geometries import make_grid

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Volume, foreground
from napari_acs.imaging.bias import correct_bias
from napari_acs.imaging.cancel import Cancelled


@pytest.fixture(scope="module")
def shaded():
    """A ball of two tissues under a field that doubles from one side to the other."""
    grid = Grid((40, 40, 26), (4.0, 4.0, 5.0), (0.0, 0.0, 0.0), tuple(np.eye(3).ravel()))
    z, y, x = np.indices(grid.shape)
    away = np.hypot(np.hypot((x - 20) / 17, (y - 20) / 17), (z - 13) / 11)
    tissue = np.where((x // 6 + y // 6 + z // 6) % 2, 600.0, 400.0)
    tissue += np.random.default_rng(0).normal(0, 10, grid.shape)
    field = np.exp(0.35 * (x - 20) / 17 + 0.15 * ((y - 20) / 17) ** 2)
    array = np.where(away < 1, tissue * field, 0)
    return Volume(array.astype(np.float32), grid), tissue, away < 1


@pytest.fixture(scope="module")
def corrected(shaded):
    return correct_bias(replace(shaded[0], array=shaded[0].array.astype(np.int16)))


def variation(values):
    return values.std() / values.mean()


def test_shading_goes_and_the_scale_stays(shaded, corrected):
    volume, tissue, inside = shaded
    done = corrected
    for level in (tissue > 500, tissue < 500):
        where = inside & level
        assert variation(done.array[where]) < 0.35 * variation(volume.array[where])
    assert done.array[inside].mean() == pytest.approx(volume.array[inside].mean(), rel=0.1)
    assert np.isfinite(done.array).all()
    assert not done.array[~inside].any()
    assert done.array.dtype == np.float32
    assert done.grid == volume.grid


def test_the_mean_logarithm_stays(shaded, corrected):
    """The field's mean logarithm over the mask is 0, far from the mask it is no stronger."""
    volume, *_ = shaded
    inside = foreground(volume.array)
    before = np.log(volume.array.astype(np.int16)[inside].astype(np.float64))
    after = np.log(corrected.array[inside].astype(np.float64))
    assert (before - after).mean() == pytest.approx(0, abs=1e-5)


def test_the_field_is_no_stronger_anywhere_than_in_the_mask(shaded):
    volume, *_, inside = shaded
    lit = replace(volume, array=volume.array + 50)  # so that the field shows outside, too
    mask = inside.copy()
    mask[..., 20:] = False
    done = correct_bias(lit, mask)
    field = lit.array / done.array
    assert field[~mask].max() <= field[mask].max() * (1 + 1e-5)
    assert field[~mask].min() >= field[mask].min() * (1 - 1e-5)
    low, high = done.history[-1].details["field_range"]
    assert (field[mask].min(), field[mask].max()) == pytest.approx((low, high), rel=1e-4)


def test_only_the_mask_is_looked_at(shaded):
    """A bright lump outside the mask changes nothing inside it; nor do voxels of 0 within."""
    volume, *_, inside = shaded
    mask = inside.copy()
    mask[..., :12] = False
    array = volume.array.copy()
    array[..., :12] *= 5
    whole = volume.array.copy()
    array[10:12, 10:12, 20:22] = whole[10:12, 10:12, 20:22] = 0
    plain, lit = (correct_bias(replace(volume, array=a), mask) for a in (whole, array))
    assert np.isfinite(plain.array).all()
    np.testing.assert_allclose(lit.array[mask], plain.array[mask], rtol=1e-5)


def test_the_step_says_what_was_done(corrected):
    done = corrected
    (step,) = done.history
    assert step.name == "bias corrected"
    record = json.loads(json.dumps(step.record()))
    assert record["shrunk_by"] == [1, 1, 1]
    assert record["levels"] == [[4, 50], [5, 50]]  # finer ones take an oedema for shading
    low, high = record["field_range"]
    assert low < 0.8
    assert high > 1.25


def test_cancel_ends_it_soon(shaded):
    volume, *_ = shaded
    asked = 0

    def cancelled():
        nonlocal asked
        asked += 1
        return asked >= 3

    with pytest.raises(Cancelled):
        correct_bias(volume, cancelled=cancelled)
    assert asked == 3


def test_masks_that_cannot_serve_are_refused(shaded):
    volume, *_ = shaded
    with pytest.raises(BadInput, match="does not fit"):
        correct_bias(volume, np.ones((2, 2, 2), bool))
    with pytest.raises(BadInput, match="no voxel"):
        correct_bias(volume, np.zeros(volume.array.shape, bool))
    with pytest.raises(BadInput, match="no voxel above 0"):
        correct_bias(volume, volume.array == 0)


def test_a_background_below_0_stays_one_value():
    """As `strip` leaves it in images with negative values: else it would pass for brain."""
    grid = make_grid(size=(24, 22, 20), spacing=(4.0, 4.0, 4.0))
    inside = np.zeros(grid.shape, bool)
    inside[4:16, 4:18, 4:20] = True
    shading = np.linspace(0.7, 1.4, 24, dtype=np.float32)
    noise = np.random.default_rng(0).normal(100, 3, grid.shape).astype(np.float32)
    array = np.where(inside, noise * shading, np.float32(-45))
    corrected = correct_bias(Volume(array, grid), inside).array
    assert (corrected[~inside] == -45).all()
    assert corrected[inside].std() < array[inside].std()
