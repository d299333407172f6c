"""Reads of several raters in one table; exports without names."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from review.session.sessions import GRID, SHAPE, make

from napari_acs.errors import BadInput
from napari_acs.review.cells import cell
from napari_acs.review.report.naming import names_of
from napari_acs.review.session import log
from napari_acs.review.session.decisions import answer, decide, go_to, reveal, write_note
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.export import report_of, table_of
from napari_acs.review.session.form import form_of
from napari_acs.review.session.masks import add_prediction, start_empty
from napari_acs.review.session.merge import merge, read_labels_of
from napari_acs.review.session.session import open_session
from napari_acs.review.session.verify import parse_head, verify

_FORM = form_of(
    {
        "fields": [
            {"name": "artefacts", "type": "multi-choice", "options": ["motion", "bias"]},
            {"name": "sure", "type": "yes/no"},
        ]
    }
)


def test_the_reads_of_all_raters_make_one_table(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(log.time, "monotonic", lambda: now[0])
    files = make(tmp_path, raters=("ann", "bob"), ai="after", repeats=0.4, seed=5, form=_FORM)
    drawn = {}
    for path in files:
        with open_session(path) as session:
            rater = session.state.rater
            model = np.full(SHAPE, 1, np.uint8)
            add_prediction(session, 1, model, GRID, title="model")
            go_to(session, 1)
            editor = MaskEditor(session, start_empty(session, 1, GRID).id)
            editor.stroke(np.arange(10), 2)
            answer(session, 1, {"artefacts": ["bias"], "sure": rater == "ann"})
            write_note(session, 1, "alone")
            now[0] += 20
            decide(session, 1, "corrected")
            drawn[rater, "before"] = editor.array.copy()
            reveal(session, 1)
            now[0] += 7
            editor.stroke(np.arange(10, 30), 3)
            answer(session, 1, {"sure": True})
            write_note(session, 1, "it has seen more")
            drawn[rater, "after"] = editor.array.copy()
            decide(session, 1, "accepted")
            write_note(session, 2, "=1+1")
    merged = merge(files)
    assert len(merged.reads) == 2 * (3 + 1 + 1)  # three cases, one repeat, one read in two parts
    for rater in ("ann", "bob"):
        own = [row for row in merged.reads if row.rater == rater]
        assert sorted(row.read for row in own).count(2) == 1 + sum(
            row.item == 1 and row.read == 2 for row in own if row.ai == "after"
        )
        two = {row.ai: row for row in own if row.item == 1}
        assert {ai: row.status for ai, row in two.items()} == {
            "before": "corrected", "after": "accepted"
        }  # fmt: skip
        assert {ai: row.seconds for ai, row in two.items()} == {"before": 20.0, "after": 7.0}
        assert two["before"].answers == {"artefacts": ["bias"], "sure": rater == "ann"}
        assert two["after"].answers == {"sure": True}
        assert (two["before"].note, two["after"].note) == ("alone", "it has seen more")
        for ai, row in two.items():
            labels, grid = read_labels_of(row)
            np.testing.assert_array_equal(labels, drawn[rater, ai])
            assert grid == GRID
            assert row.volume_ml == pytest.approx(np.count_nonzero(labels) * GRID.voxel_ml)
        untouched = next(row for row in own if row.item == 3)
        assert (untouched.status, untouched.ai, untouched.at) == ("to do", "before", "")
        assert read_labels_of(untouched) is None
    names = names_of(merged, keep=True)
    report = report_of(merged, names)
    json.dumps(report, allow_nan=False)
    for path in files:  # the head in an export is what verify takes
        rater = path.stem
        assert verify(path, parse_head(report["raters"][rater]["log_head"])).sound
        kinds = [said["kind"] for said in report["raters"][rater]["decisions"]]
        assert kinds == ["decision", "revealed", "decision"]
    rows = list(csv.DictReader(table_of(merged, names).splitlines()))
    assert len(rows) == len(merged.reads)
    assert {row["form_artefacts"] for row in rows} == {"bias", ""}
    assert {row["note"] for row in rows} == {"", "'=1+1", "alone", "it has seen more"}
    for text in (table_of(merged, names), json.dumps(report)):
        assert str(tmp_path) not in text


def test_files_that_do_not_belong_together_are_not_merged(tmp_path):
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    (one, same), (other,) = (
        make(folders[0], raters=("ann", "bob")), make(folders[1], raters=("ann",))
    )  # fmt: skip
    with pytest.raises(BadInput, match="another session"):
        merge([one, other])
    with pytest.raises(BadInput, match="second file of ann"):
        merge([one, one])
    with pytest.raises(BadInput, match="no review file"):
        merge([])
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:  # the same session's name, other images
        import uuid  # noqa: PLC0415

        session = merge([one]).session
        patch.setattr(uuid, "uuid4", lambda: uuid.UUID(session))
        (changed,) = make(folders[2], raters=("eve",), names=("study-a", "study-b"))
    with pytest.raises(BadInput, match="other images"):
        merge([one, changed])
    assert set(merge([one, same]).states) == {"ann", "bob"}


def test_exports_of_files_made_one_by_one_can_be_put_together(tmp_path):
    """Each calls its rater Rater 1, and raters are numbered as the files come: the log tells."""
    files = make(tmp_path, raters=("ann", "bob"))
    logs = {}
    for path in files:
        merged = merge([path])
        report = report_of(merged, names_of(merged))
        assert list(report["raters"]) == ["Rater 1"]
        logs[path.stem] = report["raters"]["Rater 1"]["log"]
        with open_session(path) as session:
            write_note(session, 1, "the log goes on")
    assert len({*logs.values()}) == 2 and {len(log) for log in logs.values()} == {12}
    for order in (files, files[::-1]):
        merged = merge(order)
        names = names_of(merged)
        rows = csv.DictReader(table_of(merged, names).splitlines())
        assert {(row["rater"], row["log"]) for row in rows} == {
            (f"Rater {n}", logs[path.stem]) for n, path in enumerate(order, 1)
        }
        told = report_of(merged, names)["raters"]
        assert [each["log"] for each in told.values()] == [logs[path.stem] for path in order]


def test_an_answer_that_was_mended_after_the_decision_is_exported(tmp_path):
    """As a note is: what the panel shows is what the table says."""
    (path,) = make(tmp_path, ai="after", form=_FORM)
    with open_session(path) as session:
        start_empty(session, 1, GRID)
        answer(session, 1, {"artefacts": ["bias"], "sure": False})
        decide(session, 1, "corrected")
        answer(session, 1, {"sure": True})
        (row, *_) = merge([path]).reads
        assert (row.ai, row.status, row.answers) == ("before", "corrected", {"sure": True})
        reveal(session, 1)
        answer(session, 1, {"sure": False})
        decide(session, 1, "accepted")
        answer(session, 1, {"artefacts": ["motion"]})
    before, after, *_ = merge([path]).reads
    assert (before.ai, before.status, before.answers) == ("before", "corrected", {"sure": True})
    assert (after.ai, after.status, after.answers) == (
        "after",
        "accepted",
        {"artefacts": ["motion"]},
    )


def test_a_choice_that_is_a_formula_is_a_text_in_the_table(tmp_path):
    """Answers of several choices are joined; they were written as they came."""
    choice = '=HYPERLINK("http://x")'
    field = {"name": "artefacts", "type": "multi-choice", "options": [choice, "bias"]}
    (path,) = make(tmp_path, form=form_of({"fields": [field]}))
    with open_session(path) as session:
        answer(session, 1, {"artefacts": [choice]})
        write_note(session, 1, "\r=1+1\0")
    merged = merge([path])
    row = next(csv.DictReader(table_of(merged, names_of(merged)).splitlines(keepends=True)))
    assert row["form_artefacts"] == f"'{choice}"
    assert row["note"] == "'\n=1+1\ufffd"


@pytest.mark.parametrize("note", ["a\rb", "a\r\nb", "a\nb"])
def test_ends_of_lines_of_other_machines_break_no_row(tmp_path, note):
    (path,) = make(tmp_path)
    with open_session(path) as session:
        write_note(session, 1, note)
    merged = merge([path])
    table = table_of(merged, names_of(merged, keep=False))
    rows = list(csv.DictReader(table.splitlines(keepends=True)))
    assert len(rows) == 3
    assert "a\nb" in {row["note"] for row in rows}


def test_options_of_a_form_are_no_formulas():
    assert cell(["=cmd()", "b"]) == "'=cmd(); b"
    assert cell(["b", "=cmd()"]) == "b; =cmd()"
