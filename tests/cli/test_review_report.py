"""``napari-acs review report`` and ``agreement``: files, exit codes, and nobody named."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest
from review.report.reading_html import Page
from review.report.studies import SECRETS, make

from napari_acs.imaging import read_labels
from napari_acs.viewer.review_files import export_reads


@pytest.fixture
def made(tmp_path):
    return make(tmp_path)


def test_a_report_in_three_forms(call, made, tmp_path):
    out, everything, table = (tmp_path / f"report.{end}" for end in ("html", "json", "csv"))
    before = [file.read_bytes() for file in made.files]
    done = call("review", "report", *made.files, "--out", out, "--json", everything, "--csv", table)
    assert done.exit_code == 0, done.output
    assert "4 reads of 2 rater(s)" in done.stdout
    page = Page(out.read_text(encoding="utf-8"))
    assert "Agreement" in page.text
    assert "Two dates of one patient" in page.text
    record = json.loads(everything.read_text(encoding="utf-8"))
    assert record["format"] == 1
    assert record["intended_use"] == "Research only. Not a medical device."
    rows = list(csv.DictReader(table.open(newline="", encoding="utf-8")))
    assert len(rows) == 4 * 3
    volumes = {
        (c["rater"], c["case"], name): region["volume_ml"]
        for c in record["cases"]
        for name, region in c["measures"]["regions"].items()
    }
    for row in rows:
        key = row["rater"], row["case"], row["region"]
        assert float(row["volume_ml"]) == pytest.approx(volumes[key])
    page_alone = re.sub("base64,[A-Za-z0-9+/=]+", "", out.read_text())  # spells words by chance
    for text in (page_alone, everything.read_text(), table.read_text()):
        for secret in ("DOE", "JANE", "Smith", ".nii", str(tmp_path)):
            assert secret not in text
    assert [file.read_bytes() for file in made.files] == before

    named = call("review", "report", *made.files, "--names", "--json", "-")
    assert [log["rater"] for log in json.loads(named.stdout)["logs"]] == ["Dr. Jane Smith", "doe"]

    alone = tmp_path / "item.html"
    done = call("review", "report", made.files[0], "--case", 2, "--out", alone)
    assert done.exit_code == 0, done.output
    assert "Item 2" in alone.read_text()
    assert "Item 1" not in alone.read_text()


def test_agreement_on_the_screen_as_json_and_a_consensus(call, made, tmp_path):
    shown = call("review", "agreement", *made.files)
    assert shown.exit_code == 0, shown.output
    assert "between raters" in shown.stdout
    named = call("review", "agreement", *made.files, "--names", "--json", "-")
    assert json.loads(named.stdout)["raters"] == ["Dr. Jane Smith", "doe"]
    folder = tmp_path / "consensus"
    done = call(
        "review", "agreement", *made.files, "--consensus", folder, "--method", "majority",
        "--json", "-",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert record["raters"] == ["Rater 1", "Rater 2"]
    # Two cases: no interval, on the screen as in the file.
    assert {each["dice"]["low"] for each in record["summaries"]} == {None}
    assert " to " not in shown.stdout
    assert all(
        each["how"].startswith("majority") for each in record["consensus"]["records"].values()
    )
    files = record["consensus"]["files"]
    assert len(files) == 2
    assert not any(s in done.output.replace(".nii.gz", "") for s in SECRETS)
    grids = [read_labels(folder / name).grid for name in files.values()]
    for study in made.heads:
        assert any(grid.difference(study.grid) is None for grid in grids)
    both = [masks[0] for masks in made.corrected.values()]
    masks = [read_labels(folder / name).array for name in files.values()]
    shared = np.where(both[0] == both[1], both[0], 0)  # of two, the majority is what both say
    inside = next(m for m in masks if m.shape == shared.shape)
    assert np.array_equal(inside > 0, (both[0] > 0) & (both[1] > 0))


def test_agreement_and_exports_say_that_a_log_was_changed(call, made, tmp_path):
    """They take what it says, as a report does, but not in silence."""
    sound = json.loads(call("review", "export", *made.files, "--json", "-").stdout)
    assert {each["log_sound"] for each in sound["raters"].values()} == {True}
    done = call("review", "agreement", *made.files, "--json", "-")
    assert json.loads(done.stdout)["logs_changed"] == {}
    with closing(sqlite3.connect(made.files[1])) as connection:
        (rule,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'event_no_update'"
        ).fetchone()
        connection.execute("DROP TRIGGER event_no_update")
        connection.execute(
            "UPDATE event SET data = replace(data, 'corrected', 'rejected') WHERE kind = 'decision'"
        )
        connection.execute(rule)
        connection.commit()
    for command in ("agreement", "export"):
        done = call("review", command, *made.files, "--json", "-")
        assert done.exit_code == 0
        assert "Rater 2: the log is NOT as it was written: event" in done.stderr
        assert "Rater 1" not in done.stderr
        told = json.loads(done.stdout)
        if command == "agreement":
            assert told["logs_changed"]["Rater 2"].endswith("(decision) was changed")
        else:
            assert [each["log_sound"] for each in told["raters"].values()] == [True, False]
    # The panel's button says so, too.
    assert "NOT as it was written" in export_reads(made.files[1], tmp_path / "reads.csv")
    assert "NOT" not in export_reads(made.files[0], tmp_path / "reads.json")


def test_what_makes_no_sense_is_refused_and_nothing_is_written(call, made, tmp_path):
    before = sorted(path.name for path in tmp_path.iterdir())
    session = made.files[0]
    for arguments, said in (
        (("report", session), "what to write"),
        (("report", session, "--out", tmp_path / "r.nii.gz", "--force"), "report.html"),
        (("report", session, "--csv", tmp_path / "r.txt"), "report.csv"),
        (("report", session, "--json", session, "--force"), "to be read"),
        (("report", session, "--out", tmp_path / "r.html", "--case", 9), "no item 9"),
        (("report", tmp_path / "gone", "--out", tmp_path / "r.html"), "no such file"),
        (("report", session, session, "--out", tmp_path / "r.html"), "second file"),
        (("agreement", session), "nothing to compare"),
        (("agreement", *made.files, "--consensus", tmp_path), "already"),
        (("agreement", *made.files, "--consensus", tmp_path / "a" / "b"), "no folder"),
    ):
        done = call("review", *arguments)
        assert done.exit_code == 2, (arguments, done.output)
        assert said in done.stderr, (arguments, done.stderr)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_no_torch_and_no_window_is_loaded():
    code = (
        "import sys; from napari_acs.review.report import gather, page, table, consensus; "
        "bad = {'torch', 'qtpy', 'napari'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
