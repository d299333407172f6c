"""Filter, sort, step; time that stops when nobody is there."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from review.session.sessions import GRID, SHAPE, make

from napari_acs.errors import BadInput
from napari_acs.review.session import log
from napari_acs.review.session.activity import Sign, active_seconds, times
from napari_acs.review.session.decisions import decide, go_to, note_activity, write_note
from napari_acs.review.session.masks import add_prediction
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.state import STATUSES
from napari_acs.review.session.worklist import SORTS, Row, arranged, neighbour, rows

_some = st.none() | st.floats(0, 100)
_rows = st.lists(
    st.builds(
        Row, item=st.integers(), case=st.text(max_size=4), read=st.just(1),
        status=st.sampled_from(STATUSES), ai=st.just("shown"), bulk=st.booleans(),
        audited=st.booleans(), uncertainty=_some, volume_ml=_some, edits=st.integers(0, 9),
        seconds=st.floats(0, 100), note=st.text(max_size=4),
    ),
    unique_by=lambda row: row.item,
)  # fmt: skip
_ATTRIBUTE = {
    "plan": "item", "name": "case", "uncertainty": "uncertainty", "volume": "volume_ml",
    "time": "seconds",
}  # fmt: skip


@given(_rows, st.sets(st.sampled_from(STATUSES)), st.sampled_from(SORTS), st.booleans())
def test_a_list_is_filtered_sorted_and_walked_through(found, statuses, by, descending):
    shown = arranged(found, statuses=statuses, by=by, descending=descending)
    assert {row.item for row in shown} == {
        row.item for row in found if row.status in statuses or not statuses
    }
    if by == "status":
        values = [STATUSES.index(row.status) for row in shown]
    else:
        values = [getattr(row, _ATTRIBUTE[by]) for row in shown]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (len(values) - len(known))
    assert known == sorted(known, reverse=descending)
    for one, other in pairwise(shown):
        key = _ATTRIBUTE.get(by, "status")
        assert getattr(one, key) != getattr(other, key) or one.item < other.item
    walked, current = [], None
    while (current := neighbour(shown, current, 1)) is not None:
        walked.append(current)
    assert walked == [row.item for row in shown]
    back = []
    while (current := neighbour(shown, current, -1)) is not None:
        back.append(current)
    assert back == walked[::-1]


def test_what_nobody_sorts_or_filters_by_is_refused():
    with pytest.raises(BadInput, match="status 'done'"):
        arranged([], statuses=["done"])
    with pytest.raises(BadInput, match="sorted by 'size'"):
        arranged([], by="size")


def test_rows_say_what_the_reader_may_know(tmp_path):
    labels = np.zeros(SHAPE, np.uint8)
    labels[:2] = 1
    for ai, known in (("shown", True), ("hidden", False), ("after", False)):
        (path,) = make(tmp_path, raters=(ai,), ai=ai)
        with open_session(path) as session:
            add_prediction(session, 2, labels, GRID, title="model", uncertainty=0.3)
            write_note(session, 2, "Necrosis?")
            listed = rows(session.state, {2: 61.0})
        row = listed[1]
        assert (row.item, row.case, row.seconds) == (2, "study-b", 61.0)
        assert (row.uncertainty == 0.3) is known
        assert (row.volume_ml == pytest.approx(2 * 7 * 8 * 1.0 * 0.9 * 2.5 / 1000)) is known
        # Nor what a model said of its mask elsewhere, by the session's table.
        table = replace(session.state.cases["study-a"], uncertainty=0.7)
        told = replace(session.state, cases={**session.state.cases, "study-a": table})
        assert (rows(told, {})[0].uncertainty == 0.7) is known
        assert [found.item for found in arranged(listed, text="NECRO")] == [2]
        assert [found.item for found in arranged(listed, text="Y-C")] == [3]


_gaps = st.lists(st.tuples(st.floats(-50, 500), st.sampled_from([1, 2, None])), max_size=20)


@given(_gaps, st.floats(1, 100))
def test_time_is_the_sum_of_gaps_cut_at_the_idle_limit(gaps, idle):
    signs, now = [], 0.0
    for gap, item in gaps:
        now += gap
        signs.append(Sign(1, now, item))
    spent = active_seconds(signs, idle)
    expected = {1: 0.0, 2: 0.0}
    for (_, item), (gap, _) in pairwise(gaps):
        if item is not None:
            expected[item] += min(max(gap, 0), idle)
    for item, seconds in expected.items():
        assert spent.get(item, 0.0) == pytest.approx(seconds, abs=1e-6)


def test_no_time_passes_from_a_window_that_was_killed_to_the_next():
    """It says no goodbye; the clock of the next begins anew, and may be later by then."""
    signs = [Sign(1, 0.0, 1), Sign(1, 5.0, 1), Sign(9, 30.0, None), Sign(9, 33.0, 2)]
    assert active_seconds(signs, 60.0) == {1: 5.0}


def test_time_stands_still_between_windows_and_when_nobody_is_there(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(log.time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    (path,) = make(tmp_path)
    with open_session(path) as session:
        wait(30)  # nothing is open yet
        go_to(session, 1)
        wait(20)
        note_activity(session)
        wait(500)  # lunch: 60 s of it count
        go_to(session, 2)
        wait(15)
        decide(session, 2, "rejected")
        wait(5)
    wait(3600)
    with open_session(path) as session:
        wait(10)
        go_to(session, 1)
        wait(7)
    with open_session(path) as session:
        spent = times(session.log.connection, session.state.idle_s)
    assert spent == pytest.approx({1: 20 + 60 + 7, 2: 15 + 5})
    assert time.monotonic() == now[0]


@given(
    st.integers(2, 30), st.floats(0, 1), st.integers(0, 2**32), st.sampled_from(["hidden", "after"])
)
def test_a_plan_reads_every_case_and_repeats_as_many_as_asked(count, repeats, seed, ai):
    names = [f"c{n}" for n in range(count)]
    plan = make_plan(names, ai=ai, repeats=repeats, seed=seed)
    read = [planned.case for planned in plan]
    assert set(read) == set(names)
    assert len(read) == count + round(repeats * count)
    assert max(map(read.count, names)) <= 2
    assert {planned.ai for planned in plan} == {ai}
    assert plan == make_plan(names, ai=ai, repeats=repeats, seed=seed)
    if count > 3:
        assert all(a != b for a, b in pairwise(read))


def test_a_plan_keeps_the_given_order_unless_asked():
    names = [f"c{n}" for n in range(20)]
    assert [planned.case for planned in make_plan(names)] == names
    drawn = [planned.case for planned in make_plan(names, shuffled=True, seed=[3, 0])]
    assert drawn != names
    assert sorted(drawn) == sorted(names)
    assert drawn != [planned.case for planned in make_plan(names, shuffled=True, seed=[3, 1])]
    for wrong in ({"repeats": 1.5}, {"ai": "sometimes"}):
        with pytest.raises(BadInput):
            make_plan(names, **wrong)
