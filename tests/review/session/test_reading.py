"""Position, notes, answers, decisions, parts of a read: kept, and reopened where they were."""

from __future__ import annotations

import numpy as np
import pytest
from review.session.sessions import GRID, SHAPE, make

from napari_acs.errors import BadInput
from napari_acs.review.report.gather import gather
from napari_acs.review.session.decisions import (
    answer,
    decide,
    go_to,
    keep_classification,
    reveal,
    say,
    write_note,
)
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.form import form_of
from napari_acs.review.session.masks import (
    add_prediction,
    final_mask,
    start_empty,
    visible_masks,
)
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.state import Position

FORM = form_of(
    {
        "fields": [
            {"name": "quality", "type": "choice", "options": ["good", "poor"], "required": True},
            {"name": "longest", "type": "number", "unit": "mm", "min": 0, "max": 250},
        ]
    }
)


def test_a_session_reopens_where_it_was(tmp_path):
    (path,) = make(tmp_path, form=FORM)
    with open_session(path) as session:
        own = start_empty(session, 2, GRID)
        go_to(session, 2, (3, 4, 5), own.id)
        write_note(session, 2, "old")
        write_note(session, 2, "edge unclear")
        answer(session, 2, {"longest": 41})
        kept = session.state
    with open_session(path) as session:
        assert session.state.position == Position(2, (3, 4, 5), own.id)
        assert session.item(2) == kept.items[2]
        assert session.item(2).note == "edge unclear"
        assert session.item(2).answers == {"longest": 41.0}
        assert session.item(2).status == "in progress"
        assert session.item(1).status == "to do"
        assert session.state.masks == kept.masks
        assert form_of(session.state.form) == FORM


def test_what_a_classifier_said_is_kept_with_the_case_and_reported(tmp_path):
    """The newest counts; the same said again is no event; a report tells it."""
    (path,) = make(tmp_path)
    record = {"named": ["mutant"], "probabilities": {"mutant": 0.9, "wildtype": 0.1}}
    with open_session(path) as session:
        keep_classification(session, 1, {})
        keep_classification(session, 1, {"named": [], "probabilities": {"mutant": 0.5}})
        keep_classification(session, 1, record)
        before = session.state.head.seq
        keep_classification(session, 1, dict(record))
        assert session.state.head.seq == before
        assert session.item(1).status == "to do", "a look is no work"
    assert read_session(path).items[1].classification == record
    report = gather([path])
    told = next(case for case in report.cases if case.item == 1).classification
    assert told["probabilities"] == record["probabilities"] and told["named"] == ["mutant"]
    assert not next(case for case in report.cases if case.item == 2).classification


def test_half_a_character_holds_nobody_up(tmp_path):
    """Qt gives what was pasted as it is; a reader could not leave the case then."""
    form = form_of({"fields": [{"name": "where", "type": "text"}]})
    (path,) = make(tmp_path, form=form)
    with open_session(path) as session:
        assert say(session, 1, "cut \ud83d, whole \U0001f600", {"where": "\ude00 left"}) is None
        said = session.state.head.seq
        assert say(session, 1, "cut \ud83d, whole \U0001f600", {"where": "\ude00 left"}) is None
        assert session.state.head.seq == said, "the same said again is no event"
        keep_classification(session, 1, {"probabilities": {"mutant": float("nan")}})
    item = read_session(path).items[1]
    assert (item.note, item.answers) == ("cut \ufffd, whole \U0001f600", {"where": "\ufffd left"})
    assert item.classification == {"probabilities": {"mutant": None}}


def test_a_decision_needs_the_required_answers_and_an_edit_reopens_it(tmp_path):
    (path,) = make(tmp_path, form=FORM)
    with open_session(path) as session:
        with pytest.raises(BadInput, match="quality is not answered"):
            decide(session, 1, "accepted")
        assert decide(session, 1, "needs second read").status == "needs second read"
        answer(session, 1, {"quality": "good"})
        with pytest.raises(BadInput, match="'done' is no decision"):
            decide(session, 1, "done")
        with pytest.raises(BadInput, match="no item 9"):
            decide(session, 9, "accepted")
        editor = MaskEditor(session, start_empty(session, 1, GRID).id)
        editor.stroke([1, 2], 3)
        item = decide(session, 1, "corrected")
        assert (item.decided.mask, item.decided.answers) == (editor.id, {"quality": "good"})
        for change in (lambda: editor.stroke([5], 1), editor.undo, editor.redo):
            change()
            assert session.item(1).status == "in progress"  # it was said of another mask
            decide(session, 1, "corrected")
    state = read_session(path)
    assert state.items[1].status == "corrected"


def test_in_a_read_of_two_parts_the_first_is_made_without_help_and_kept(tmp_path):
    (path,) = make(tmp_path, ai="after")
    with open_session(path) as session:
        prediction = add_prediction(session, 1, np.ones(SHAPE, np.uint8), GRID, title="model")
        own = start_empty(session, 1, GRID)
        assert visible_masks(session.state, 1) == [own]
        with pytest.raises(BadInput, match="not decided yet"):
            reveal(session, 1)
        first = decide(session, 1, "rejected").decided
        item = reveal(session, 1)
        assert (item.status, item.unaided) == ("in progress", first)
        assert visible_masks(session.state, 1) == [prediction, own]
        MaskEditor(session, own.id).promote(prediction.id)
        item = decide(session, 1, "accepted")
        assert (item.status, item.unaided) == ("accepted", first)
        assert reveal(session, 1) == item
        assert final_mask(session.state, item).voxels == np.prod(SHAPE)
    (shown,) = make(tmp_path / "..", raters=(tmp_path.name,))
    with open_session(shown) as session, pytest.raises(BadInput, match="no second part"):
        reveal(session, 1)
