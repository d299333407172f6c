from __future__ import annotations

import numpy as np
import pytest
from imaging.geometries import ORIENTATIONS, make_grid, smooth_volume

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Volume
from napari_acs.imaging.brain_mask import EXTRACTED, BrainMask, judged, mask_from_labels
from napari_acs.imaging.step import Step

GRID = make_grid(spacing=(2.5, 2.5, 2.5), size=(60, 64, 56))


def ball(grid: Grid = GRID) -> np.ndarray:
    return smooth_volume(grid, radius=0.55) != 0


def test_a_mask_is_bool_on_its_grid_and_read_only():
    brain = BrainMask(ball(), GRID, Step(EXTRACTED, "by hand"))
    assert brain.volume_ml == pytest.approx(np.count_nonzero(ball()) * 2.5**3 / 1000)
    with pytest.raises(ValueError, match="read-only"):
        brain.mask[0, 0, 0] = True
    with pytest.raises(ValueError, match="on a grid"):
        BrainMask(ball().astype(np.uint8), GRID, brain.step)
    with pytest.raises(ValueError, match="on a grid"):
        BrainMask(ball()[1:], GRID, brain.step)


@pytest.mark.parametrize(
    ("count", "verdict"),
    [(100, "failed"), (600, "look"), (1400, "good"), (2300, "look"), (0, "failed")],
)
def test_a_volume_that_no_brain_has_is_not_passed_over(count, verdict):
    mask = np.zeros((20, 20, 20), bool)
    mask.flat[:count] = True
    grid = make_grid(spacing=(10.0, 10.0, 10.0), size=(20, 20, 20))  # 1 ml a voxel
    step = judged(mask, grid, "test").step
    assert step.name == EXTRACTED
    assert step.verdict == verdict
    assert (step.why == "") == (verdict == "good")
    assert step.record()["volume_ml"] == count


def test_doubts_ask_for_a_look():
    step = judged(ball(), GRID, "test", ("The sequences disagree.",)).step
    assert (step.verdict, step.why) == ("look", "The sequences disagree.")


def test_any_label_is_brain_and_a_mask_on_the_grid_is_taken_as_it_is():
    labels = ball().astype(np.int16) * 3
    labels[ball() & (np.indices(labels.shape)[0] > 30)] = -7
    brain = mask_from_labels(Volume(labels, GRID), GRID)
    np.testing.assert_array_equal(brain.mask, ball())
    assert brain.step.verdict == "good"
    assert "nearest" not in brain.step.method


@pytest.mark.parametrize("orientation", ORIENTATIONS[::5])
def test_a_mask_on_another_grid_lands_where_it_is_in_the_world(orientation):
    # The same world box with its axes turned: every voxel has one of the same place.
    step = (orientation @ np.ones(3)).tolist()
    order = [int(np.flatnonzero(orientation[:, i])[0]) for i in range(3)]
    size = tuple(GRID.size[axis] for axis in order)
    low = GRID.corners().min(axis=0)
    high = GRID.corners().max(axis=0)
    origin = tuple(low[a] if step[a] > 0 else high[a] for a in range(3))
    turned = make_grid(orientation, GRID.spacing, origin, size=size)
    axes = [2 - order[2 - i] for i in range(3)]
    labels = ball().transpose(axes)
    labels = labels[tuple(slice(None, None, int(step[order[2 - i]])) for i in range(3))]
    brain = mask_from_labels(Volume(np.ascontiguousarray(labels).astype(np.uint8), turned), GRID)
    np.testing.assert_array_equal(brain.mask, ball())
    assert brain.grid == GRID


def test_a_finer_mask_keeps_its_volume():
    fine = make_grid(spacing=(1.25,) * 3, origin=(-0.625,) * 3, size=(120, 128, 112))
    brain = mask_from_labels(Volume(ball(fine).astype(np.uint8), fine), GRID)
    assert "nearest" in brain.step.method
    assert brain.volume_ml == pytest.approx(np.count_nonzero(ball(fine)) * fine.voxel_ml, rel=0.02)


@pytest.mark.parametrize(
    ("labels", "grid", "match"),
    [
        (np.zeros(GRID.shape, np.uint8), GRID, "no brain voxel"),
        (np.ones(GRID.shape, np.uint8), GRID, "every voxel"),
        (ball().astype(np.uint8), GRID.moved((30, 0, 0), GRID.size), "of the mask's volume"),
        (ball().astype(np.uint8), GRID.moved((0, 900, 0), GRID.size), "only 0%"),
    ],
)
def test_what_is_no_mask_of_this_study_is_refused(labels, grid, match):
    with pytest.raises(BadInput, match=match):
        mask_from_labels(Volume(labels, grid), GRID)
