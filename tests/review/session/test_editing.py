"""Strokes, undo, redo and promotions, against plain arrays, across reopenings."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from review.session.sessions import GRID, SHAPE, make

from napari_acs.errors import BadInput
from napari_acs.review.session import editing
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import (
    add_prediction,
    start_empty,
    start_from,
    visible_masks,
)
from napari_acs.review.session.replay import mask_at
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.verify import verify

VOXELS = int(np.prod(SHAPE))
_INDICES = st.lists(st.integers(0, VOXELS - 1), min_size=1, max_size=30)


class Editing(RuleBasedStateMachine):
    """The model: a list of arrays and a place in it; what was promoted is one array more."""

    @initialize(every=st.integers(1, 5))
    def begin(self, every):
        self.until_done = ExitStack()
        folder = Path(self.until_done.enter_context(tempfile.TemporaryDirectory()))
        (self.path,) = make(folder)
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(editing, "SNAPSHOT_EVERY", every)
        self.window = ExitStack()
        self.session = self.window.enter_context(open_session(self.path))
        self.mask = start_empty(self.session, 1, GRID).id
        self.editor = MaskEditor(self.session, self.mask)
        self.states, self.at = [np.zeros(SHAPE, np.uint8)], 0
        self.seen = [(self.session.log.head.seq, self.states[0])]
        self.predictions: dict[int, np.ndarray] = {}

    def _now(self, array):
        del self.states[self.at + 1 :]
        self.states.append(array)
        self.at += 1

    @rule(indices=_INDICES, labels=st.lists(st.integers(0, 255), min_size=30, max_size=30))
    def stroke(self, indices, labels):
        array = self.states[self.at].copy()
        for index, label in zip(indices, labels, strict=False):
            array.reshape(-1)[index] = label
        changed = self.editor.stroke(indices, labels[: len(indices)], "brush")
        assert (array.reshape(-1)[changed.indices] == changed.labels).all()
        assert changed.indices.size == np.count_nonzero(array != self.states[self.at])
        if changed.indices.size:
            self._now(array)

    @rule(index=st.integers(0, VOXELS - 1), label=st.integers(0, 3))
    def set_whole(self, index, label):
        array = np.zeros(SHAPE, np.uint8)
        array.reshape(-1)[index:] = label
        if self.editor.set_to(array).indices.size:
            self._now(array)

    @rule(times=st.integers(1, 6))
    def undo(self, times):
        for _ in range(times):
            changed = self.editor.undo()
            assert (changed is None) == (self.at == 0)
            self.at = max(self.at - 1, 0)

    @rule(times=st.integers(1, 6))
    def redo(self, times):
        for _ in range(times):
            changed = self.editor.redo()
            assert (changed is None) == (self.at == len(self.states) - 1)
            self.at = min(self.at + 1, len(self.states) - 1)

    @rule(seed=st.integers(0, 99))
    def rerun_model(self, seed):
        labels = np.random.default_rng(seed).integers(0, 4, SHAPE, np.uint8)
        made = add_prediction(self.session, 1, labels, GRID, title="model", uncertainty=0.1)
        self.predictions[made.id] = labels

    @precondition(lambda self: self.predictions)
    @rule(data=st.data())
    def promote(self, data):
        chosen = data.draw(st.sampled_from(sorted(self.predictions)))
        human = self.at > 0
        if human:
            with pytest.raises(BadInput, match="human work"):
                self.editor.promote(chosen)
            assert (self.editor.array == self.states[self.at]).all()
        self.editor.promote(chosen, replace_human_work=human)
        self._now(self.predictions[chosen])

    @rule(polite=st.booleans())
    def reopen(self, polite):
        if polite:
            self.window.close()
        else:  # as kill -9 leaves it: no word of goodbye in the log
            self.session.log.append = lambda *_drafts: []
            self.window.close()
        self.session = self.window.enter_context(open_session(self.path))
        self.editor = MaskEditor(self.session, self.mask)

    @rule()
    def remember(self):
        self.seen.append((self.session.log.head.seq, self.states[self.at]))

    @invariant()
    def same(self):
        if not hasattr(self, "editor"):
            return
        now = self.states[self.at]
        assert (self.editor.array == now).all()
        assert self.editor.mask.voxels == np.count_nonzero(now)
        assert self.editor.mask.steps == self.at == len(self.editor.history.done)
        assert len(self.editor.history.undone) == len(self.states) - 1 - self.at

    def teardown(self):
        if not hasattr(self, "editor"):
            return
        connection = self.session.log.connection
        # What events said one by one is what a reader of the file makes of them at once.
        assert read_session(self.path) == self.session.state
        for seq, array in self.seen:  # the mask at any event
            assert (mask_at(connection, self.editor.mask, seq) == array).all()
        for mask, array in self.predictions.items():  # no run replaced another
            assert (mask_at(connection, self.session.state.masks[mask]) == array).all()
        self.window.close()
        verdict = verify(self.path)
        assert verdict.sound, verdict.why
        self.until_done.close()
        self.patch.undo()


TestEditing = Editing.TestCase
TestEditing.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def test_more_than_a_hundred_steps_are_undone_and_redone_after_a_crash(tmp_path):
    (path,) = make(tmp_path)
    states = [np.zeros(SHAPE, np.uint8)]
    with open_session(path) as session:
        editor = MaskEditor(session, start_empty(session, 1, GRID).id)
        for step in range(230):
            editor.stroke([step % VOXELS, (7 * step) % VOXELS], step % 250 + 1)
            states.append(editor.array.copy())
        session.log.append = lambda *_drafts: []
    with open_session(path) as session:
        editor = MaskEditor(session, editor.id)
        for before in reversed(states[:-1]):
            editor.undo()
            np.testing.assert_array_equal(editor.array, before)
        assert editor.undo() is None
        for after in states[1:]:
            editor.redo()
            np.testing.assert_array_equal(editor.array, after)
    assert verify(path).snapshots == 3 * 230 // editing.SNAPSHOT_EVERY


def test_what_a_machine_made_is_copied_and_never_drawn_in(tmp_path):
    (path,) = make(tmp_path)
    labels = np.ones(SHAPE, np.uint8)
    with open_session(path) as session:
        prediction = add_prediction(session, 1, labels, GRID, title="model")
        with pytest.raises(BadInput, match="not edited itself"):
            MaskEditor(session, prediction.id)
        editor = MaskEditor(session, start_from(session, prediction.id).id)
        assert not editor.holds_human_work  # a copy of a prediction, not drawn in yet
        again = add_prediction(session, 1, 2 * labels, GRID, title="model, again")
        editor.promote(again.id)
        assert (editor.array == 2).all()
        with pytest.raises(BadInput, match="cannot be promoted"):
            editor.promote(editor.id)
        other = add_prediction(session, 2, labels, GRID, title="of another case")
        with pytest.raises(BadInput, match="cannot be promoted"):
            editor.promote(other.id)


def test_a_blind_reader_sees_and_takes_over_nothing_of_others(tmp_path):
    (path,) = make(tmp_path, ai="hidden")
    with open_session(path) as session:
        prediction = add_prediction(session, 1, np.ones(SHAPE, np.uint8), GRID, title="model")
        own = start_empty(session, 1, GRID)
        assert visible_masks(session.state, 1) == [own]
        with pytest.raises(BadInput, match="without the masks of others"):
            MaskEditor(session, own.id).promote(prediction.id)
        with pytest.raises(BadInput, match="without the masks of others"):
            start_from(session, prediction.id)


def test_labels_that_do_not_fit_are_refused_and_change_nothing(tmp_path):
    (path,) = make(tmp_path)
    with open_session(path) as session:
        editor = MaskEditor(session, start_empty(session, 1, GRID).id)
        head = session.log.head
        for indices, labels in (([VOXELS], 1), ([-1], 1), ([0], 256), ([0], 1.5)):
            with pytest.raises(ValueError, match=r"voxel|labels"):
                editor.stroke(indices, labels)
        with pytest.raises(BadInput, match="do not fit"):
            editor.set_to(np.zeros((2, 2, 2), np.uint8))
        with pytest.raises(BadInput, match="do not fit"):
            editor.set_to(np.full(SHAPE, 300))
        assert session.log.head == head
        assert not editor.array.any()
