"""Edit costs: MONAI's Dice, HD95 and surface Dice, added path length by hand, empty masks."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging.geometries import ORIENTATIONS, make_grid
from monai.metrics import compute_dice, compute_hausdorff_distance, compute_surface_dice
from review.measure.shapes import TURNS, labels, turned

from napari_acs.errors import BadInput
from napari_acs.imaging.metrics import WORST_HD95_MM
from napari_acs.review.edits.cost import edit_costs
from napari_acs.review.edits.path_length import added_path_length
from napari_acs.review.measure.regions import REGIONS


def by_monai(a, b, spacing_zyx, tolerance):
    pair = [torch.from_numpy(m)[None, None] for m in (a, b)]
    options = {"include_background": True, "spacing": list(spacing_zyx)}
    return (
        float(compute_dice(*pair, include_background=True)),
        float(compute_hausdorff_distance(*pair, percentile=95, **options)),
        float(compute_surface_dice(*pair, class_thresholds=[tolerance], **options)),
    )


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(*[st.integers(4, 20)] * 3),
    spacing=st.tuples(*[st.floats(0.4, 6)] * 3),
    tolerance=st.floats(0.3, 4),
    orientation=st.sampled_from(ORIENTATIONS),
)
def test_dice_hd95_and_surface_dice_are_monais(seed, shape, spacing, tolerance, orientation):
    a, b = labels(seed, shape, 0.2), labels(seed + 1, shape, 0.2)
    b = np.where(np.indices(shape)[0] < shape[0] // 2, a, b)  # half of it was left as it was
    grid = make_grid(orientation, spacing, size=shape[::-1])
    found = edit_costs(a, b, grid, tolerance)
    for name, values in REGIONS.items():
        one, other = np.isin(a, values), np.isin(b, values)
        cost = found[name]
        assert cost.voxels_added == (other & ~one).sum()
        assert cost.voxels_removed == (one & ~other).sum()
        change = (other.sum() - one.sum()) * np.prod(spacing) / 1000
        assert cost.volume_change_ml == pytest.approx(change)
        if one.any() and other.any():
            theirs = by_monai(one, other, spacing[::-1], tolerance)
            ours = cost.dice, cost.hd95_mm, cost.surface_dice
            assert ours == pytest.approx(theirs, abs=1e-4)


def test_added_path_length_of_a_grown_square_is_counted_by_hand():
    a = np.zeros((3, 8, 9), np.uint8)
    a[1, 2:6, 2:6] = 3  # 4 x 4: its contour has 12 pixels
    b = a.copy()
    b[1, 2:6, 6] = 3  # one column more: 4 x 5, a contour of 14
    grid = make_grid(spacing=(0.5, 0.5, 4.0), size=(9, 8, 3))
    cost = edit_costs(a, b, grid)["ET"]
    # The new column has 4 pixels; of the old contour, what is contour still was drawn already.
    assert cost.added_path_length_voxels == 4
    assert cost.added_path_length_mm == pytest.approx(4 * 0.5)
    # The other way round, the old right column (4 pixels) becomes contour; its top and bottom
    # pixels were contour before as well.
    back = edit_costs(b, a, grid)["ET"]
    assert (back.added_path_length_voxels, back.voxels_removed) == (2, 4)
    same = edit_costs(a, a, grid)["ET"]
    assert (same.added_path_length_voxels, same.dice, same.surface_dice) == (0, 1, 1)


def test_added_path_length_is_drawn_in_axial_planes_whatever_the_array():
    """A plate one voxel thick across z is all contour sideways, and a ring from above."""
    plate = np.zeros((5, 8, 9), bool)
    plate[2, 1:7, 1:8] = True
    nothing = np.zeros_like(plate)
    grid = make_grid(spacing=(0.5, 2.0, 3.0), size=(9, 8, 5))
    ring = 2 * (6 + 7) - 4
    for turn in TURNS:
        moved, on = turned(plate, grid, *turn)
        found = added_path_length(turned(nothing, grid, *turn)[0], moved, on)
        assert found.voxels == ring
        assert found.mm == pytest.approx(ring * (0.5 * 2.0) ** 0.5)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    turn=st.sampled_from(TURNS),
    spacing=st.tuples(*[st.floats(0.5, 4)] * 3),
)
def test_flips_and_permutations_change_no_cost(seed, turn, spacing):
    a, b = labels(seed, (7, 9, 11)), labels(seed + 1, (7, 9, 11))
    grid = make_grid(spacing=spacing, tilt=(0.1, 0.2, -0.1), size=(11, 9, 7))
    (moved, on), (other, _) = (turned(each, grid, *turn) for each in (a, b))
    here, there = edit_costs(a, b, grid), edit_costs(moved, other, on)
    for name in REGIONS:
        assert here[name].to_dict() == pytest.approx(there[name].to_dict())


def test_empty_masks_follow_the_rule_that_is_written_down():
    none = np.zeros((6, 6, 6), np.uint8)
    some = none.copy()
    some[1:4, 1:4, 1:4] = 3  # a contour of 8 pixels in each of 3 planes
    grid = make_grid(size=(6, 6, 6))
    both = edit_costs(none, none, grid)["ET"]
    assert (both.dice, both.hd95_mm, both.surface_dice) == (1, 0, 1)
    assert (both.added_path_length_voxels, both.volume_change_ml) == (0, 0)
    drawn, wiped = edit_costs(none, some, grid)["ET"], edit_costs(some, none, grid)["ET"]
    for cost in (drawn, wiped):
        assert (cost.dice, cost.hd95_mm, cost.surface_dice) == (0, WORST_HD95_MM, 0)
    assert (drawn.added_path_length_voxels, drawn.voxels_added) == (24, 27)
    assert (wiped.added_path_length_voxels, wiped.voxels_removed) == (0, 27)
    assert wiped.volume_change_ml == pytest.approx(-0.027)
    json.dumps(drawn.to_dict(), allow_nan=False)


def test_what_cannot_be_compared_is_refused():
    grid = make_grid(size=(6, 5, 4))
    mask = np.zeros((4, 5, 6), np.uint8)
    with pytest.raises(BadInput, match="corrected mask does not fit"):
        edit_costs(mask, mask[1:], grid)
    with pytest.raises(BadInput, match="predicted mask has labels"):
        edit_costs(mask + 9, mask, grid)
    with pytest.raises(BadInput, match="tolerance"):
        edit_costs(mask, mask, grid, float("nan"))
