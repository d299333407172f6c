"""``napari-acs review accept`` and ``audit``: what the panel's functions would do, and no more."""

from __future__ import annotations

import json

import numpy as np
import pytest
from review.session.sessions import GRID, SHAPE, make

from napari_acs.review.session.audit import audit_report, confident_items
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.form import form_of
from napari_acs.review.session.masks import add_prediction
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.verify import verify

NAMES = [f"study-{number}" for number in range(8)]
FORM = form_of({"fields": [{"name": "grade", "type": "text", "required": True}]})


@pytest.fixture
def session(tmp_path):
    """Return a session with an uncertainty of 0.1 to 0.7 for all items but the last."""
    (path,) = make(tmp_path, names=NAMES)
    predict(path)
    return path


def predict(path):
    with open_session(path) as session:
        for item in list(session.state.items)[:-1]:
            labels = np.ones(SHAPE, np.uint8)
            add_prediction(session, item, labels, GRID, title="m", uncertainty=item / 10)


def test_the_confident_are_listed_then_accepted_as_the_panel_does(call, session):
    expected = confident_items(read_session(session), 0.45)
    before = session.read_bytes()
    dry = call("review", "accept", session, "--confident", "0.45")
    assert dry.exit_code == 0, dry.output
    assert "4 item(s) can be accepted" in dry.stdout
    assert "Nothing was written" in dry.stdout
    assert session.read_bytes() == before
    done = call("review", "accept", session, "--confident", "0.45", "--yes", "--json", "-")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert [item["item"] for item in report["items"]] == expected == [1, 2, 3, 4]
    assert [item["uncertainty"] for item in report["items"]] == [0.1, 0.2, 0.3, 0.4]
    state = read_session(session)
    assert [item.status for item in state.items.values()] == ["accepted"] * 4 + ["to do"] * 4
    assert {state.items[n].decided.bulk for n in expected} == {"uncertainty at most 0.45"}
    assert verify(session).sound


@pytest.mark.parametrize("method", ["exact", "wilson"])
def test_a_sample_is_drawn_and_its_error_rate_told(call, session, method):
    assert call("review", "accept", session, "--confident", "0.5", "--yes").exit_code == 0
    drawn = call("review", "audit", session, "--sample", "3", "--seed", "5", "--json", "-")
    assert drawn.exit_code == 0, drawn.output
    items = [each["item"] for each in json.loads(drawn.stdout)["drawn"]]
    state = read_session(session)
    assert items == list(state.audits[0].items)
    assert state.audits[0].seed == 5
    with open_session(session) as opened:
        decide(opened, items[0], "rejected")
        decide(opened, items[1], "accepted")
    told = call("review", "audit", session, "--method", method)
    assert told.exit_code == 0, told.output
    found = audit_report(read_session(session), method=method)
    assert (found.read, found.wrong, found.rate) == (2, 1, 0.5)
    assert "2 of 3 drawn are read again, 1 wrong: 50.0%" in told.stdout
    assert f"{found.low:.1%} to {found.high:.1%}" in told.stdout
    assert "drawn are read again, 1 wrong" in call("review", "list", session).stdout.replace(
        "\n", " "
    )


def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(call, session, tmp_path):
    (blank,) = make(tmp_path, names=NAMES, raters=("blank",))
    (asking,) = make(tmp_path, names=NAMES, raters=("asking",), form=FORM)
    predict(asking)
    before = {path: path.read_bytes() for path in (session, blank, asking)}
    for arguments, said in (
        (("accept", session), "confident"),
        (("accept", session, "--confident", "nan"), "no uncertainty"),
        (("accept", session, "--confident", "-1"), "no uncertainty"),
        (("accept", session, "--confident", "0.05", "--yes"), "the lowest 0.100"),
        (("accept", blank, "--confident", "1", "--yes"), "8 of them without an uncertainty"),
        (("accept", asking, "--confident", "1"), "requires grade"),
        (("accept", tmp_path / "gone.review", "--confident", "1"), "no such file"),
        (("accept", session, "--confident", "1", "--json", session, "--force"), "to be read"),
        (("audit", session), "no audit to report"),
        (("audit", session, "--sample", "1", "--seed", "-1"), "Usage"),
    ):
        done = call("review", *arguments)
        assert done.exit_code == 2, (arguments, done.output)
        assert said in done.stderr, (arguments, done.stderr)
    assert {path: path.read_bytes() for path in before} == before
    for count in ("0", "9"):  # the log says that the session was opened, and no more
        done = call("review", "audit", session, "--sample", count)
        assert done.exit_code == 2
        assert f"sample of {count} cannot be drawn" in done.stderr
    with open_session(session):
        for arguments in (("accept", "--confident", "1", "--yes"), ("audit", "--sample", "1")):
            done = call("review", arguments[0], session, *arguments[1:])
            assert done.exit_code == 2
            assert "is open already" in done.stderr
        assert call("review", "accept", session, "--confident", "1").exit_code == 0
    assert not read_session(session).audits


def test_what_is_written_names_nobody_unless_asked(call, tmp_path):
    (path,) = make(tmp_path, names=["DOE_JANE", "ROE_JOHN"], raters=("Dr. Smith",))
    with open_session(path) as opened:
        for item in (1, 2):
            labels = np.ones(SHAPE, np.uint8)
            add_prediction(opened, item, labels, GRID, title="m", uncertainty=0.1)
    file = tmp_path / "out.json"
    for command in (("accept", "--confident", "0.2", "--yes"), ("audit", "--sample", "1")):
        done = call("review", command[0], path, *command[1:], "--json", file)
        assert done.exit_code == 0, done.output
        said = file.read_text()
        assert not any(name in said for name in ("DOE", "ROE", "Smith"))
        assert json.loads(said)["rater"] == "Rater 1"
        assert json.loads(said)["log"] == read_session(path).log
        file.unlink()
    named = json.loads(call("review", "audit", path, "--names", "--json", "-").stdout)
    assert named["rater"] == "Dr. Smith"
    done = call("review", "list", path, "--sort", "name", "--descending", "--json", "-")
    assert done.exit_code == 0, done.output
    assert not any(name in done.stdout for name in ("DOE", "ROE", "Smith"))
    listed = json.loads(done.stdout)
    assert (listed["rater"], listed["log"]) == ("Rater 1", read_session(path).log)
    assert [item["case"] for item in listed["items"]] == ["Case 2", "Case 1"]
    named = json.loads(call("review", "list", path, "--names", "--json", "-").stdout)
    assert named["rater"] == "Dr. Smith"
    assert [item["case"] for item in named["items"]] == ["DOE_JANE", "ROE_JOHN"]


def test_why_none_can_be_accepted_is_the_true_reason(call, session, tmp_path):
    """ "Raise --confident" helps where there is a figure, and nowhere else."""
    (bare,) = make(tmp_path, names=NAMES, raters=("bare",))
    (blind,) = make(tmp_path, names=NAMES, raters=("blind",), ai="hidden")
    (done,) = make(tmp_path, names=NAMES[:1], raters=("done",))
    with open_session(done) as opened:
        decide(opened, 1, "rejected")
    predict(blind)
    for path, said in (
        (session, "the lowest 0.100. Raise --confident"),
        (bare, "8 of them without an uncertainty. Read them one by one; a prediction"),
        (blind, "all read without the masks of others. Read them one by one."),
        (done, "no item that was not begun. Decide those that are left."),
    ):
        told = call("review", "accept", path, "--confident", "0.01").stderr
        assert said in " ".join(told.split()), told
        assert ("Raise" in told) == (path == session)
