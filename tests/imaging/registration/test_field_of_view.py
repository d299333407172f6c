from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imaging.geometries import ORIENTATIONS, make_grid, origins, spacings, tilts
from imaging.moved import middle, rigid, through

from napari_acs.imaging import Volume
from napari_acs.imaging.bias import correct_bias
from napari_acs.imaging.brain import foreground_of
from napari_acs.imaging.brain_mask import judged
from napari_acs.imaging.registration.field_of_view import imaged
from napari_acs.imaging.registration.resample import resample
from napari_acs.imaging.step import Step
from napari_acs.imaging.strip import strip

sizes = st.tuples(*[st.integers(4, 9)] * 3)
grids = st.builds(make_grid, st.sampled_from(ORIENTATIONS), spacings, origins, tilts, sizes)
shifts = st.tuples(*[st.floats(-9, 9).map(lambda mm: round(mm, 5))] * 3)
turns = st.tuples(*[st.floats(-25, 25).map(lambda degrees: round(degrees, 5))] * 3)


def noisy(grid, seed=0):
    """Draw voxels none of which has the value of the background."""
    array = np.random.default_rng(seed).uniform(100, 900, grid.shape)
    array.flat[0] = 0  # so that 0 is the background
    return Volume(array.astype(np.float32), grid)


def seen_directly(source, target, matrix):
    """Take every voxel centre to the source, one by one; None where rounding would decide."""
    index = np.argwhere(np.ones(target.shape, bool))[:, ::-1]
    there = source.point_to_index(through(target.index_to_point(index), matrix))
    room = np.minimum(there + 0.5, np.array(source.size) - 0.5 - there).min(axis=1)
    return (room > 0).reshape(target.shape), (np.abs(room) > 1e-4).reshape(target.shape)


def near(target, source):
    """Put a grid's middle on that of another: far apart, nothing would be seen."""
    apart = source.corners().mean(axis=0) - target.corners().mean(axis=0)
    return replace(target, origin=tuple(np.add(target.origin, apart)))


@given(source=grids, target=grids, shift=shifts, turn=turns)
def test_the_voxels_that_were_imaged_are_those_whose_centres_lie_in_the_source(
    source, target, shift, turn
):
    target = near(target, source)
    matrix = rigid(target.corners().mean(axis=0), shift, turn)
    done = resample(noisy(source), target, matrix)
    expected, clear = seen_directly(source, target, matrix)
    seen = imaged(done.volume)
    np.testing.assert_array_equal(seen[clear], expected[clear])
    assert done.coverage == pytest.approx(seen.mean())
    assert not done.volume.array[~seen].any()


def test_a_matrix_is_not_its_inverse():
    grid = make_grid(size=(10, 10, 10))
    right = resample(noisy(grid), grid, rigid((0, 0, 0), (3.0, 0, 0))).volume
    seen = imaged(right)
    # Point x of the grid is point x + 3 of the source, which has 10 voxels.
    assert seen[..., :7].all()
    assert not seen[..., 7:].any()


def test_a_volume_that_was_never_resampled_was_imaged_everywhere():
    volume = noisy(make_grid())
    assert imaged(volume) is None
    assert imaged(replace(volume, history=(Step("registered", "rigid"),))) is None


def half_seen():
    """Give a head whose lower half alone was imaged, on a grid that holds all of it."""
    grid = make_grid(spacing=(8.0, 7.0, 6.0), size=(22, 26, 24))
    box = (slice(0, 12), slice(0, 26), slice(0, 22))
    z, y, x = np.indices(grid.shape)
    away = np.hypot(np.hypot((x - 10.5) / 9, (y - 12.5) / 11), (z - 11.5) / 9)
    whole = np.where(away < 1, 500.0, 5.0) + np.random.default_rng(0).uniform(1, 40, grid.shape)
    lower = Volume(whole[box].astype(np.float32), grid.crop(box))
    brain = judged(away < 0.9, grid, "drawn")
    return resample(lower, grid).volume, brain


def test_the_field_of_view_outlives_later_steps_and_a_crop():
    volume, brain = half_seen()
    seen = imaged(volume)
    assert 0.4 < seen.mean() < 0.6
    stripped = strip({"t1": volume}, brain)["t1"]
    corrected = correct_bias(stripped, brain.mask & seen)
    assert [step.name for step in corrected.history] == [
        "resampled",
        "brain extracted",
        "bias corrected",
    ]
    np.testing.assert_array_equal(imaged(corrected), seen)
    box = (slice(5, 20), slice(3, 20), slice(2, 21))
    cropped = replace(volume, array=volume.array[box], grid=volume.grid.crop(box))
    np.testing.assert_array_equal(imaged(cropped), seen[box])


@given(turn=turns, again=turns, shift=shifts)
def test_resampled_twice_a_voxel_must_lie_in_both_fields_of_view(turn, again, shift):
    source = make_grid(size=(9, 8, 7), spacing=(2.0, 2.0, 3.0))
    between = make_grid(ORIENTATIONS[5], size=(8, 8, 8), spacing=(2.0, 2.0, 2.0))
    target = make_grid(size=(12, 12, 12), spacing=(1.5, 1.5, 1.5))
    between, target = near(between, source), near(target, source)
    first = rigid(middle(noisy(between)), shift, turn)
    second = rigid(middle(noisy(target)), (0, 0, 0), again)
    volume = resample(resample(noisy(source), between, first).volume, target, second).volume
    there, clear = seen_directly(between, target, second)
    origin, also_clear = seen_directly(source, target, first @ second)
    clear &= also_clear
    np.testing.assert_array_equal(imaged(volume)[clear], (there & origin)[clear])


def test_what_was_not_imaged_is_no_brain_after_strip():
    volume, brain = half_seen()
    seen = imaged(volume)
    assert (brain.mask & ~seen).any()
    stripped = strip({"t1": volume}, brain)["t1"]
    np.testing.assert_array_equal(foreground_of(stripped), brain.mask & seen)
    assert not stripped.array[~seen].any()
