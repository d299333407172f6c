from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Volume
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


def test_the_step_says_what_was_done(corrected):
    done = corrected
    (step,) = done.history
    assert step.name == "bias corrected"
    record = json.loads(json.dumps(step.record()))
    assert record["shrunk_by"] == [1, 1, 1]
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
