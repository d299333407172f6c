"""Bulk acceptance is recorded as such, and its error rate is measured by a sample."""

from __future__ import annotations

import numpy as np
import pytest
from review.session.sessions import GRID, SHAPE, make
from scipy import stats

from napari_acs.errors import BadInput
from napari_acs.review.session.audit import (
    accept_in_bulk,
    audit_report,
    confident_items,
    draw_audit,
)
from napari_acs.review.session.decisions import decide, write_note
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.form import form_of
from napari_acs.review.session.masks import add_prediction, start_empty, start_from
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.verify import verify

NAMES = [f"study-{number:02}" for number in range(40)]


def confident(session, at_most=0.5):
    for item in session.state.items:
        labels = np.zeros(SHAPE, np.uint8)
        add_prediction(session, item, labels, GRID, title="model", uncertainty=item / 50)
    return confident_items(session.state, at_most)


def test_a_sample_of_what_was_accepted_unseen_gives_its_error_rate(tmp_path):
    (path,) = make(tmp_path, names=NAMES)
    with open_session(path) as session:
        items = confident(session)
        assert items == list(range(1, 26))
        write_note(session, 3, "begun")
        again = np.ones(SHAPE, np.uint8)
        add_prediction(session, 4, again, GRID, title="less sure now", uncertainty=0.9)
        items = confident_items(session.state, 0.5)
        assert not {3, 4} & set(items)
        accept_in_bulk(session, items, "uncertainty at most 0.5")
        assert session.item(5).decided.bulk == "uncertainty at most 0.5"
        assert session.item(26).status == "to do"
        drawn = draw_audit(session, 12, seed=7)
        assert audit_report(session.state).rate is None
        for number, item in enumerate(drawn[:10]):
            assert session.item(item).status == "needs second read"
            decide(session, item, ("corrected", "rejected", "accepted")[min(number, 2)])
    state = read_session(path)
    report = audit_report(state)
    assert (report.accepted, report.sampled, report.read, report.wrong) == (23, 12, 10, 2)
    assert report.rate == 0.2
    # Clopper and Pearson 1934, eq. of the tails, by the beta quantiles.
    assert report.low == pytest.approx(stats.beta.ppf(0.025, 2, 9))
    assert report.high == pytest.approx(stats.beta.ppf(0.975, 3, 8))
    wilson = audit_report(state, method="wilson")
    z, n, p = stats.norm.ppf(0.975), 10, 0.2
    centre, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert wilson.low == pytest.approx((centre - half) / (1 + z**2 / n))
    assert wilson.high == pytest.approx((centre + half) / (1 + z**2 / n))
    assert verify(path).sound


def test_a_sample_is_drawn_once_and_by_its_seed(tmp_path):
    drawn = []
    for rater in ("ann", "bob"):
        (path,) = make(tmp_path, names=NAMES, raters=(rater,))
        with open_session(path) as session:
            accept_in_bulk(session, confident(session), "all sure")
            drawn.append(draw_audit(session, 10, seed=3))
            more = draw_audit(session, 15, seed=3)
            assert not set(more) & set(drawn[-1])
            with pytest.raises(BadInput, match="0 items"):
                draw_audit(session, 1, seed=3)
    assert drawn[0] == drawn[1]


def test_what_must_be_looked_at_is_not_accepted_unseen(tmp_path):
    (path,) = make(tmp_path)
    with open_session(path) as session:
        with pytest.raises(BadInput, match="no mask"):
            accept_in_bulk(session, [1], "sure")
        confident(session)
        decide(session, 1, "rejected")
        for items, rule, said in (
            ([1], "sure", "rejected"), ([2], " ", "a rule"), ([], "sure", "items")
        ):  # fmt: skip
            with pytest.raises(BadInput, match=said):
                accept_in_bulk(session, items, rule)
        assert session.item(2).status == "to do"
    (path,) = make(tmp_path, raters=("blind",), ai="hidden")
    with open_session(path) as session:
        assert confident(session) == []
        with pytest.raises(BadInput, match="blinded"):
            accept_in_bulk(session, [1], "sure")
    form = form_of({"fields": [{"name": "grade", "type": "text", "required": True}]})
    (path,) = make(tmp_path, raters=("form",), form=form)
    with open_session(path) as session, pytest.raises(BadInput, match="requires grade"):
        accept_in_bulk(session, confident(session), "sure")


def test_an_accepted_mask_that_gave_way_to_an_empty_one_was_wrong(tmp_path):
    """Its reader began with nothing, drew nothing, and accepted that."""
    (path,) = make(tmp_path, names=NAMES)
    with open_session(path) as session:
        accept_in_bulk(session, confident(session), "sure")
        (item,) = draw_audit(session, 1, seed=0)
        start_empty(session, item, GRID)
        decide(session, item, "accepted")
    report = audit_report(read_session(path))
    assert (report.read, report.wrong) == (1, 1)


def test_an_accepted_mask_that_was_drawn_on_was_wrong(tmp_path):
    (path,) = make(tmp_path, names=NAMES)
    with open_session(path) as session:
        accept_in_bulk(session, confident(session), "sure")
        drawn = draw_audit(session, 4, seed=0)
        for number, item in enumerate(drawn):
            editor = MaskEditor(session, start_from(session, session.item(item).masks[-1]).id)
            if number:
                editor.stroke([number], 2)
            if number == 3:
                editor.undo()
            decide(session, item, "accepted")
    state = read_session(path)
    assert {state.masks[state.items[item].decided.mask].origin for item in drawn} == {"human"}
    report = audit_report(state)
    assert (report.read, report.wrong) == (4, 2)
