"""``napari-acs review``: exit codes, files, and nothing that names a patient."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3

import numpy as np
import pytest
from training.tiny import as_brats, tiny

from napari_acs.imaging import read_study
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import given_mask, start_from
from napari_acs.review.session.session import open_session, read_session
from napari_acs.training.layouts import find_training_cases

FORM = """
title: Follow-up
fields:
  - {name: sure, type: yes/no}
"""


@pytest.fixture
def data(tmp_path):
    return as_brats(tmp_path / "DOE_JANE", {f"case-{n}": tiny(n) for n in range(3)})


@pytest.fixture
def session(call, data, tmp_path):
    path = tmp_path / "s.review"
    (tmp_path / "form.yaml").write_text(FORM)
    done = call("review", "new", path, data, "--rater", "ann", "--form", tmp_path / "form.yaml")
    assert done.exit_code == 0, done.output
    assert "3 items of 3 cases for ann" in done.stdout
    return path


def work(path):
    with open_session(path) as session:
        state = session.state
        study = read_study(state.cases[session.item(1).case].path)
        editor = MaskEditor(session, start_from(session, given_mask(session, 1, study.grid).id).id)
        editor.stroke(np.arange(40), 2)
        decide(session, 1, "corrected")
        decide(session, 2, "rejected")


def test_from_new_to_export(call, session, tmp_path):
    work(session)
    listed = call("review", "list", session, "--sort", "status", "--json", "-")
    assert listed.exit_code == 0, listed.output
    report = json.loads(listed.stdout)
    assert [item["status"] for item in report["items"]] == ["to do", "corrected", "rejected"]
    shown = call("review", "list", session, "--status", "corrected")
    assert shown.exit_code == 0
    assert report["items"][1]["case"] in shown.stdout

    table, everything, training = (tmp_path / name for name in ("r.csv", "r.json", "set"))
    done = call(
        "review", "export", session, "--csv", table, "--json", everything, "--training", training
    )
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(table.open(newline="")))
    assert sorted(row["status"] for row in rows) == ["corrected", "rejected", "to do"]
    head = json.loads(everything.read_text())["raters"]["Rater 1"]["log_head"]
    assert {row["log_head"] for row in rows} == {head}
    assert head in done.stdout
    for text in (listed.output, done.output, table.read_text(), everything.read_text()):
        assert "DOE" not in text
    assert len(find_training_cases([training / "cases.csv"])) == 1
    verified = call("review", "verify", session, "--head", head, "--json", "-")
    assert verified.exit_code == 0, verified.output
    assert json.loads(verified.stdout)["sessions"][0]["sound"]


def test_names_that_are_kept_take_no_repeats_which_they_would_announce(call, data, tmp_path):
    path = tmp_path / "s.review"
    done = call("review", "new", path, data, "--keep-names", "--repeats", "0.5")
    assert done.exit_code == 2 and not path.exists()
    assert "do not go together" in done.stderr and "announces" in done.stderr
    done = call("review", "new", path, data, "--repeats", "0.5")
    assert done.exit_code == 0, done.output


def test_exports_name_nobody_unless_asked(call, data, tmp_path):
    (data / "case-0").rename(data / "DOE_JANE")
    path, csv_file, told = (tmp_path / name for name in ("s.review", "r.csv", "r.json"))
    done = call("review", "new", path, data, "--rater", "Dr. Smith", "--keep-names")
    assert done.exit_code == 0, done.output
    with open_session(path) as session:
        decide(session, 1, "accepted")
        decide(session, 2, "accepted")
    shutil.rmtree(data / "DOE_JANE")
    for number, options in enumerate(((), ("--names",))):
        folder = tmp_path / f"set-{number}"
        done = call(
            "review", "export", path, "--csv", csv_file, "--json", told, "--training", folder,
            "--force", *options,
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert str(data) in done.stderr  # of the images that are gone: on the screen alone
        written = [csv_file.read_text(), told.read_text(), (folder / "cases.csv").read_text()]
        record = json.loads(written[1])
        assert str(tmp_path) not in "".join(written)
        assert list(record["training"]["left_out"].values()) == [
            "Its images cannot be found or read."
        ]
        assert find_training_cases([folder / "cases.csv"])[0].name in record["training"]["cases"]
        assert {row["rater"] for row in csv.DictReader(csv_file.open())} == set(record["raters"])
        if options:
            assert set(record["raters"]) == {"Dr. Smith"}
            assert {row["case"] for row in record["reads"]} == {"DOE_JANE", "case-1", "case-2"}
        else:
            assert set(record["raters"]) == {"Rater 1"}
            assert {row["case"] for row in record["reads"]} == {"Case 1", "Case 2", "Case 3"}
            assert "case-" not in "".join(written) and "DOE" not in "".join(written)


def test_what_was_tampered_with_is_exit_2_and_the_event_is_named(call, session):
    work(session)
    head = json.loads(call("review", "export", session, "--json", "-").stdout)["raters"]["Rater 1"]
    last = int(head["log_head"].split(":")[0])
    connection = sqlite3.connect(session, isolation_level=None)
    (rule,) = connection.execute(
        "SELECT sql FROM sqlite_master WHERE name = 'event_no_delete'"
    ).fetchone()
    connection.execute("DROP TRIGGER event_no_delete")
    connection.execute("DELETE FROM event WHERE seq = ?", (last,))
    connection.execute(rule)
    connection.close()
    assert call("review", "verify", session).exit_code == 0
    done = call("review", "verify", session, "--head", head["log_head"])
    assert done.exit_code == 2
    assert "events were cut off" in done.stderr
    connection = sqlite3.connect(session)
    connection.executescript(
        "DROP TRIGGER event_no_update; UPDATE event SET kind = 'x' WHERE seq=5"
    )
    connection.close()
    done = call("review", "verify", session, "--json", "-")
    assert done.exit_code == 2
    report = json.loads(done.stdout)["sessions"][0]
    assert not report["sound"]
    assert "event_no_update" in done.stderr


def test_several_raters_get_a_file_each_and_are_exported_together(call, data, tmp_path):
    done = call(
        "review", "new", tmp_path / "s.review", data, "--rater", "A. B", "--rater", "C",
        "--repeats", "0.34", "--ai", "after", "--json", "-",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["items"] == {"A. B": 4, "C": 4}
    files = [tmp_path / "s-A-B.review", tmp_path / "s-C.review"]
    assert list(report["files"].values()) == list(map(str, files))
    done = call("review", "export", *files, "--csv", tmp_path / "r.csv")
    assert done.exit_code == 0, done.output
    assert "8 reads of 2 rater(s)" in done.stdout
    plans = [[item.case for item in read_session(file).items.values()] for file in files]
    assert sorted(set(plans[0])) == sorted(set(plans[1]))


def test_raters_have_orders_of_their_own_and_a_report_of_one_item_is_of_one_study(
    call, data, tmp_path
):
    done = call(
        "review", "new", tmp_path / "s.review", data, "--rater", "A", "--rater", "B", "--shuffle",
        "--seed", "1", "--idle", "17",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    files = [tmp_path / "s-A.review", tmp_path / "s-B.review"]
    states = [read_session(file) for file in files]
    assert {state.idle_s for state in states} == {17.0}
    orders = [[item.case for item in state.items.values()] for state in states]
    assert sorted(orders[0]) == sorted(orders[1])
    apart = [number for number in (1, 2, 3) if orders[0][number - 1] != orders[1][number - 1]]
    assert apart
    done = call("review", "report", *files, "--case", apart[0], "--json", "-")
    assert done.exit_code == 0, done.output
    told = {each["rater"]: each for each in json.loads(done.stdout)["cases"]}
    assert {each["case"] for each in told.values()} == {orders[0][apart[0] - 1]}
    assert told["Rater 1"]["item"] == apart[0]
    assert told["Rater 2"]["item"] == orders[1].index(told["Rater 2"]["case"]) + 1


def test_what_makes_no_sense_is_refused_and_nothing_is_written(call, session, data, tmp_path):
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    empty = tmp_path / "empty"
    empty.mkdir()
    new = tmp_path / "new.review"
    bad, form = tmp_path / "DOE_JANE", tmp_path / "form.yaml"
    for arguments, said in (
        (("new", session, data), "already exists"),
        (("new", tmp_path / "s.db", data, "--force"), "no name for a session"),
        (("new", new, empty), "holds no studies"),
        (("new", new, tmp_path / "gone"), "no such file or folder"),
        (("new", new, data, "--form", tmp_path / "gone.yaml"), "cannot be read"),
        (("new", new, data, "--rater", " "), "no name"),
        (("new", new, data, "--rater", "a b", "--rater", "a-b"), "too much alike"),
        (("new", new, data, "--rater", "a", "--rater", "x" * 300), "is too long"),
        (("new", new, data, "--repeats", "2"), "Usage"),
        (("list", tmp_path / "gone.review"), "no such file"),
        (("list", tmp_path / "form.yaml"), "no database"),
        (("list", session, "--sort", "size"), "not sorted by"),
        (("list", session, "--status", "done"), "no status"),
        (("verify", session, "--head", "7"), "no head of a log"),
        (("verify", session, session, "--head", "7:" + "0" * 64), "of one session"),
        (("export", session), "what to export"),
        (("export", session, "--csv", tmp_path / "r.txt"), "reads.csv"),
        (("export", session, "--json", session, "--force"), "to be read"),
        (("list", session, "--json", session, "--force"), "only to be read"),
        (("list", session, "--json", tmp_path / "other.review", "--force"), "only to be read"),
        (("verify", session, "--json", session, "--force"), "only to be read"),
        (("new", new, data, "--json", new), "only to be read"),
        (("new", new, data, "--form", form, "--json", form, "--force"), "files to be read"),
        (("export", session, "--training", bad), "already"),
        (("export", session, "--training", tmp_path / "set"), "no training set"),
    ):
        done = call("review", *arguments)
        assert done.exit_code == 2, (arguments, done.output)
        assert said in done.stderr, (arguments, done.stderr)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before


def test_a_report_never_takes_the_place_of_a_session_by_another_name(call, session):
    renamed = session.with_name("session.db")
    session.rename(renamed)
    before = renamed.read_bytes()
    for command in ("list", "verify"):
        done = call("review", command, renamed, "--json", renamed, "--force")
        assert done.exit_code == 2, done.output
        assert "one of the files to be read" in done.stderr
    assert renamed.read_bytes() == before


def test_a_session_that_is_open_is_not_replaced_and_no_study_is_read_for_it(call, session):
    with open_session(session):
        done = call("review", "new", session, session.parent, "--force")
        assert done.exit_code == 2, done.output
        assert "is open already" in done.stderr


def test_cancelling_leaves_nothing(call, data, tmp_path, monkeypatch):
    from napari_acs.review.session import unchanged  # noqa: PLC0415

    def stop(*_):
        raise create_cancelled

    from napari_acs.imaging.cancel import Cancelled  # noqa: PLC0415

    create_cancelled = Cancelled()
    monkeypatch.setattr(unchanged, "stop_if", stop)
    done = call("review", "new", tmp_path / "s.review", data)
    assert done.exit_code == 3, done.output
    assert "Nothing was written" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["DOE_JANE"]
