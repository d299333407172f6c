from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from imaging.geometries import ORIENTATIONS, make_grid, to_image
from imaging.moved import coarse_phantom, error_mm, head_of, middle, placed, rigid, through

from napari_acs.imaging.cancel import Cancelled, ignore, never
from napari_acs.imaging.registration.evidence import mirrored
from napari_acs.imaging.registration.likeness import level
from napari_acs.imaging.registration.rigid import shift, turned_deg
from napari_acs.imaging.registration.search import LEVELS_MM, search, starts


def image(volume):
    return to_image(volume.array.astype(np.float32), volume.grid)


@pytest.fixture(scope="module")
def turned():
    """Two heads at the two coarser levels, 30 degrees and 50 mm apart, and the truth."""
    phantom = coarse_phantom()
    fixed = phantom["t1"]
    truth = rigid(middle(fixed), (50.0, 0.0, 0.0), (0.0, 0.0, 30.0))
    both = image(fixed), image(placed(phantom["t2"], truth))
    return fixed, [tuple(level(i, mm) for i in both) for mm in LEVELS_MM[:2]], truth


def test_the_search_begins_at_the_headers_the_fields_of_view_the_centres_and_turns_of_them(turned):
    _, pairs, truth = turned
    fixed, moving = pairs[0]
    headers, fields, centres, *turns = starts(pairs[0])
    assert np.array_equal(headers, np.eye(4))
    middles = [side.grid.corners().mean(axis=0) for side in (fixed, moving)]
    np.testing.assert_allclose(through(middles[0], fields), middles[1])
    np.testing.assert_allclose(through(fixed.centre, centres), moving.centre)
    for straight in (fields, centres):
        assert np.array_equal(straight[:3, :3], np.eye(3))
    assert len(turns) == 2
    # Of all turns the one that the head has made looks best.
    assert turned_deg(np.linalg.inv(truth) @ turns[0]) < 1
    assert turned_deg(np.linalg.inv(truth) @ turns[1]) < 31


def test_the_best_start_wins_wherever_it_stands_and_useless_ones_do_no_harm(turned):
    fixed, pairs, truth = turned
    nowhere, near = shift((900.0, 0.0, 0.0)), truth @ shift((3.0, -4.0, 2.0))
    wrong = truth @ rigid(middle(fixed), (30.0, 0.0, 0.0), (0.0, 170.0, 0.0))
    for begin in ([nowhere, near, wrong], [wrong, near, nowhere]):
        found = search(pairs, begin, never, ignore)
        assert error_mm(found.matrix, truth, head_of(fixed)) < 1
        assert found.ended
    assert search(pairs, [nowhere], never, ignore) is None


def test_the_finer_level_brings_it_closer(turned):
    fixed, pairs, truth = turned
    begin = [truth @ shift((3.0, -4.0, 2.0))]
    coarse, fine = (search(pairs[:n], begin, never, ignore).matrix for n in (1, 2))
    assert not np.array_equal(coarse, fine)
    errors = [error_mm(matrix, truth, head_of(fixed)) for matrix in (coarse, fine)]
    assert errors[1] < errors[0]


def test_sample_points_are_the_same_every_time(turned):
    _, pairs, truth = turned
    assert pairs[1][0].image.GetNumberOfPixels() > 60_000  # so that a part of them is drawn
    first, again = (search(pairs, [truth], never, ignore).matrix for _ in range(2))
    assert np.array_equal(first, again)


def test_the_search_can_be_stopped_at_any_question(turned):
    _, pairs, _ = turned
    for after in (1, 2, 5):
        asked = []

        def cancelled(asked=asked, after=after):
            asked.append(1)
            return len(asked) >= after

        with pytest.raises(Cancelled):
            search(pairs, [np.eye(4), np.eye(4)], cancelled, ignore)
        assert len(asked) <= after + 1


@pytest.mark.parametrize("orientation", ORIENTATIONS[::7])
def test_a_mirror_image_is_flipped_left_to_right_however_it_is_stored(orientation):
    grid = make_grid(orientation, (3.0, 4.0, 5.0), (7.0, -9.0, 4.0), size=(12, 11, 10))
    array = np.random.default_rng(0).uniform(1, 900, grid.shape).astype(np.float32)
    array[:3] = 0
    before = level(to_image(array, grid), 1.0)
    after, plane = mirrored(before)
    index = np.argwhere(np.ones(grid.shape, bool))[:, ::-1]
    points = grid.index_to_point(index)
    there = through(points, plane)
    np.testing.assert_allclose(there[:, 1:], points[:, 1:], atol=1e-9)
    np.testing.assert_allclose(there[:, 0], points[:, 0].min() + points[:, 0].max() - points[:, 0])
    at = np.rint(grid.point_to_index(there)).astype(int)[:, ::-1]
    for flipped, straight in (
        (sitk.GetArrayFromImage(after.image), sitk.GetArrayFromImage(before.image)),
        (sitk.GetArrayFromImage(after.rim), sitk.GetArrayFromImage(before.rim)),
        (after.head, before.head),
    ):
        np.testing.assert_array_equal(flipped.ravel(), straight[tuple(at.T)])
    np.testing.assert_allclose(after.centre, through(before.centre, plane))
    assert after.grid == before.grid
