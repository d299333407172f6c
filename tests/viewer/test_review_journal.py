"""What is on the screen and what is in the file are one mask, voxel by voxel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from review.session.sessions import make
from viewer.grids import any_grid

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, to_lps
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import start_empty
from napari_acs.review.session.replay import mask_at
from napari_acs.review.session.session import open_session
from napari_acs.viewer.review_journal import Journal, differing
from napari_acs.viewer.review_order import ScreenOrder

GRID = Grid((6, 5, 4), (1.0, 2.0, 3.0), (0, 0, 0), (0, 0, 1, -1, 0, 0, 0, -1, 0))


@given(any_grid(), st.randoms(use_true_random=False))
def test_an_index_on_the_screen_is_that_voxel_of_the_mask_and_back(grid, draw):
    order = ScreenOrder(grid)
    numbers = np.arange(np.prod(grid.shape)).reshape(grid.shape)
    shown = to_lps(numbers, grid)
    at = np.array([draw.randrange(numbers.size) for _ in range(20)])
    assert np.array_equal(order.kept(at), shown.reshape(-1)[at]), "each voxel bears its number"
    assert np.array_equal(order.shown(order.kept(at)), at)
    point = tuple(int(i[0]) for i in np.unravel_index(at[:1], order.shape))
    assert order.point_shown(order.point_kept(point)) == point
    labels = numbers.astype(np.uint8)
    assert np.array_equal(order.off_screen(order.on_screen(labels)), labels)


@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_differences_are_those_of_a_plain_comparison(seed, count):
    draw = np.random.default_rng(seed)
    before = draw.integers(0, 4, (5, 6, 7)).astype(np.uint8)
    after = before.copy()
    after.reshape(-1)[draw.integers(0, after.size, count)] = 9
    assert np.array_equal(differing(before, after), np.flatnonzero(before != after))


@pytest.fixture
def session(tmp_path):
    (path,) = make(tmp_path)
    with open_session(path) as session:
        yield session


def kinds(session) -> list[str]:
    rows = session.log.connection.execute(
        "SELECT kind FROM event WHERE kind IN ('stroke', 'undo', 'redo') ORDER BY seq"
    )
    return [row[0] for row in rows]


def test_steps_of_the_layer_are_told_apart_from_strokes(session):
    mask = start_empty(session, 1, GRID)
    journal = Journal(session, MaskEditor(session, mask.id))
    shown = journal.saved
    empty = shown.copy()
    shown[1:3, 2, 1:4] = 3
    painted = shown.copy()
    assert journal.save(shown, painted=True)
    assert not journal.save(shown, painted=False)
    assert journal.save(empty, painted=False)
    assert journal.save(painted, painted=False)
    assert journal.save(empty, painted=True), "an eraser, not an undo"
    assert kinds(session) == ["stroke", "undo", "redo", "stroke"]
    shift = journal.move("undo")
    empty[shift.indices] = shift.labels
    assert np.array_equal(empty, painted)
    assert not journal.save(painted, painted=False), "the session knows it already"
    with_file = mask_at(session.log.connection, session.state.masks[mask.id])
    assert np.array_equal(ScreenOrder(GRID).on_screen(with_file), painted)


def test_several_undos_between_two_looks_are_so_many_undos(session):
    mask = start_empty(session, 1, GRID)
    journal = Journal(session, MaskEditor(session, mask.id))
    shown = journal.saved
    looks = [shown.copy()]
    for label, z in ((3, 1), (2, 2), (1, 2), (3, 0)):  # the third paints over the second
        shown[z, 2, 1:4] = label
        looks.append(shown.copy())
        journal.save(shown, painted=True)
    assert journal.save(looks[1], painted=False)
    assert journal.save(looks[3], painted=False)
    assert kinds(session) == ["stroke"] * 4 + ["undo"] * 3 + ["redo"] * 2
    history = journal.editor.history
    assert (len(history.done), len(history.undone)) == (3, 1)
    looks[3][0, 0, 0] = 1
    assert journal.save(looks[3], painted=False)
    assert kinds(session)[-1] == "stroke", "that is no undo"


@pytest.mark.parametrize("said", ["shape", "label 256"])
def test_what_no_mask_holds_is_refused_and_nothing_is_lost(session, said):
    mask = start_empty(session, 1, GRID)
    journal = Journal(session, MaskEditor(session, mask.id))
    shown = np.full((2, 2, 2) if said == "shape" else journal.saved.shape, 256)
    with pytest.raises(BadInput, match=said):
        journal.save(shown, painted=True)
    assert not kinds(session)
    better = journal.saved
    better[0, 0, 0] = 1
    assert journal.save(better, painted=True)


@pytest.mark.parametrize("count", [9, 60, 100])
def test_many_quick_undos_between_two_looks_are_undos(session, count):
    """A key that is held, or a window that stood: one edit over all would be one step to undo."""
    journal = Journal(session, MaskEditor(session, start_empty(session, 1, GRID).id))
    shown = journal.saved
    states = [shown.copy()]
    for number in range(count):
        at = number % shown.size  # some voxels more than once
        shown.reshape(-1)[at : at + 3] = number % 3 + 1 + 4 * (number % 2)
        journal.save(shown, painted=True)
        states.append(shown.copy())
    assert journal.save(states[0], painted=False)
    assert kinds(session) == ["stroke"] * count + ["undo"] * count
    assert journal.save(states[-2], painted=False)
    assert kinds(session)[2 * count :] == ["redo"] * (count - 1)
    assert journal.save(states[1], painted=False) and kinds(session).count("stroke") == count


def test_what_only_looks_like_undos_is_an_edit(session):
    journal = Journal(session, MaskEditor(session, start_empty(session, 1, GRID).id))
    shown = journal.saved
    for number in range(12):
        shown.reshape(-1)[number] = 3
        journal.save(shown, painted=True)
    shown.reshape(-1)[2:] = 0
    shown.reshape(-1)[2] = 1  # and one voxel is another
    assert journal.save(shown, painted=False)
    assert kinds(session) == ["stroke"] * 13
