"""``napari-acs classify FOLDER --csv FILE``: a line for every study, whatever becomes of it."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
from cli.test_classify import mask, save  # noqa: F401 - mask is a fixture

from napari_acs.cli import classify_folder as ours


@pytest.fixture(scope="module")
def guess(tmp_path_factory):
    return save(tmp_path_factory.mktemp("classifiers") / "guess")


@pytest.fixture
def studies(study_dir, mask, tmp_path):  # noqa: F811
    """Return a folder of three: a whole one, one without mask, one without images."""
    folder = tmp_path / "studies"
    for name in ("a", "b"):
        shutil.copytree(study_dir, folder / name)
    shutil.copy(mask, folder / "a" / "case_seg.nii.gz")
    (folder / "c").mkdir()
    (folder / ".hidden").mkdir()
    return folder


def read(table):
    with table.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_study_gets_its_line_and_a_refusal_stops_no_other(call, studies, guess, tmp_path):
    table = tmp_path / "answers.csv"
    done = call("classify", studies, "--model", guess, "--csv", table)
    assert done.exit_code == 2, done.output
    rows = read(table)
    assert [row["study"] for row in rows] == ["a", "b", "c"]
    assert [row["state"] for row in rows] == ["named", "refused", "refused"]
    assert "does not hold one reference mask" in rows[1]["reason"]
    assert rows[2]["reason"]
    assert not rows[1]["p_yes"]
    alone = call(
        "classify", studies / "a", "--model", guess, "--mask", studies / "a" / "case_seg.nii.gz",
        "--json", "-",
    )  # fmt: skip
    said = json.loads(alone.stdout)
    assert {name: float(rows[0][f"p_{name}"]) for name in ("yes", "no")} == said["probabilities"]
    assert rows[0]["named"] == said["named"][0]
    assert rows[0]["sha256"] == said["model"]["sha256"]
    assert "3 of 3 studies: 1 named, 0 abstained, 2 refused" in done.stdout


def test_all_well_is_exit_0_and_abstaining_is_well(call, studies, tmp_path):
    for name in ("b", "c"):
        shutil.rmtree(studies / name)
    shy = save(tmp_path / "shy", abstain_below=1.0)
    table = tmp_path / "answers.csv"
    done = call("classify", studies, "--model", shy, "--csv", table)
    assert done.exit_code == 0, done.output
    (row,) = read(table)
    assert (row["state"], row["named"]) == ("abstained", "")
    assert "No class is named" in row["reason"]


def test_cancelling_keeps_what_was_done(call, studies, guess, tmp_path, monkeypatch):
    original, seen = ours.classify_study, []

    def second_is_cancelled(wanted, *more, **options):
        seen.append(wanted)
        if len(seen) > 1:
            raise ours.Cancelled
        return original(wanted, *more, **options)

    monkeypatch.setattr(ours, "classify_study", second_is_cancelled)
    shutil.copy(studies / "a" / "case_seg.nii.gz", studies / "b")
    table = tmp_path / "answers.csv"
    assert call("classify", studies, "--model", guess, "--csv", table).exit_code == 3
    assert [row["study"] for row in read(table)] == ["a"]
    assert not list(tmp_path.glob(".*part"))


def test_what_makes_no_sense_is_refused_and_nothing_is_written(call, studies, guess, tmp_path):
    table = tmp_path / "answers.csv"
    there = tmp_path / "there.csv"
    there.write_text("mine")
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, said in (
        (("--csv", table), "a folder of studies"),
        ((tmp_path / "gone", "--csv", table), "no folder"),
        ((empty, "--csv", table), "holds no studies"),
        ((studies, "--csv", table, "--json", tmp_path / "r.json"), "an option of one study"),
        ((studies, "--csv", table, "--mask", tmp_path / "m.nii.gz"), "an option of one study"),
        ((studies, "--csv", there), "already exists"),
        ((studies, "--csv", studies / "a" / "case_t1.nii.gz", "--force"), "answers.csv"),
    ):
        done = call("classify", *arguments, "--model", guess)
        assert done.exit_code == 2, done.output
        assert said in done.stderr
    assert there.read_text() == "mine"
    assert not table.exists()
