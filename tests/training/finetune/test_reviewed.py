"""A review session as the corrected cases of a fine-tune: what is taken, and whose it is."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from training.tiny import as_brats, tiny

from napari_acs.errors import BadInput
from napari_acs.imaging import read_labels, read_study
from napari_acs.imaging.pseudonym import KEY_VARIABLE
from napari_acs.inference.reference import find_cases
from napari_acs.models import load_bundle
from napari_acs.models.store import DEFAULT_ID
from napari_acs.review.session import training_set
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.decisions import decide, go_to
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import given_mask, start_from
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.sources import find_sources
from napari_acs.training.finetune.folders import gather
from napari_acs.training.finetune.reviewed import folder_of, is_session, patients_in

MADE = {name: tiny(seed) for seed, name in enumerate(("a-early", "a-late", "b", "c", "d"))}
PATIENTS = {"a-early": "DOE", "a-late": "DOE", "b": "ROE", "c": "LOE", "d": "POE"}
VOXELS = np.arange(5)


@pytest.fixture
def session(tmp_path, monkeypatch):
    """Five exams, two of one patient: corrected, accepted, accepted, accepted, rejected."""
    monkeypatch.setenv(KEY_VARIABLE, "a secret of this test")
    as_brats(tmp_path / "files", MADE)
    lines = ["study,patient", *(f"files/{name},{who}" for name, who in PATIENTS.items())]
    (tmp_path / "list.csv").write_text("\n".join(lines))
    cases = make_cases(find_sources([tmp_path / "list.csv"]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        for number, case in enumerate(cases, start=1):
            go_to(session, number)
            given = given_mask(session, number, read_study(case.path).grid)
            editor = MaskEditor(session, start_from(session, given.id).id)
            if number == 1:
                editor.stroke(VOXELS, 3)
            decide(session, number, ("corrected", *["accepted"] * 3, "rejected")[number - 1])
    return path


def bytes_of(folder):
    return {
        file.relative_to(folder): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_what_was_accepted_or_corrected_is_taken_once_and_patients_stay_together(session, tmp_path):
    assert is_session(session) and not is_session(tmp_path)
    made = folder_of(session, tmp_path / "run")
    folders = find_cases(made.folder)
    assert len(folders) == 4 and not made.left_out
    corrected = [f for f in folders if read_labels(f / f"{f.name}_seg.nii.gz").array.flat[0] == 3]
    assert len(corrected) == 1
    whose = patients_in([made.folder])
    assert sorted(whose) == [folder.name for folder in folders]
    assert len(set(whose.values())) == 3 and not set(whose.values()) & set(PATIENTS.values())
    for seed in range(6):
        split = gather(load_bundle(DEFAULT_ID).spec, [made.folder], share=0.4, seed=seed)
        sides = [{whose[case.name] for case in side} for side in (split.training, split.held_out)]
        assert not sides[0] & sides[1], "two exams of one patient on both sides"
    twice = next(name for name, who in whose.items() if list(whose.values()).count(who) == 2)
    with pytest.raises(BadInput, match="its patient judges"):
        gather(load_bundle(DEFAULT_ID).spec, [made.folder], named=[twice])
    assert folder_of(session, tmp_path / "run").folder == made.folder
    again = folder_of(session, tmp_path / "other run").folder
    assert bytes_of(again) == bytes_of(made.folder), "so a run that is resumed knows its masks"


def test_what_a_killed_export_left_is_swept_and_nothing_else(session, tmp_path, monkeypatch):
    made = folder_of(session, tmp_path / "run").folder
    whole = bytes_of(made)

    class Killed(BaseException):
        """As a process ends: nobody tidies up."""

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as at:
        at.setattr(training_set, "write_tables", killed)
        at.setattr(training_set.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed), open_session(session) as opened:
            decide(opened, 5, "accepted")
            folder_of(session, tmp_path / "run")
    (made.parent / ".mine").mkdir()
    assert len(list(made.parent.glob(".*"))) == 3  # the draft, the lock and what is somebody's

    folder_of(session, tmp_path / "run")
    assert {each.name for each in made.parent.glob(".*")} == {".lock", ".mine"}
    assert bytes_of(made) == whole


def test_a_session_that_went_on_is_taken_anew(session, tmp_path):
    before = folder_of(session, tmp_path / "run").folder
    with open_session(session) as again:
        decide(again, 5, "accepted")
    after = folder_of(session, tmp_path / "run").folder
    assert [len(find_cases(folder)) for folder in (before, after)] == [4, 5]


def test_a_file_that_is_no_session_is_refused_by_name(tmp_path):
    (tmp_path / "odd.review").write_text("no session")
    with pytest.raises(BadInput, match=r"odd\.review"):
        folder_of(tmp_path / "odd.review", tmp_path / "run")


def test_a_case_with_two_patients_is_refused(tmp_path):
    for name, who in (("one", "p"), ("two", "q")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cases.csv").write_text(f"case,patient\nsame,{who}\n")
    with pytest.raises(BadInput, match="same has two patients"):
        patients_in([tmp_path / "one", tmp_path / "two"])
    (tmp_path / "two" / "cases.csv").write_text("case,patient\nsame,P\n")
    assert patients_in([tmp_path / "one", tmp_path / "two"]) == {"same": "p"}
    (tmp_path / "one" / "cases.csv").write_text("something else\n1\n")
    assert patients_in([tmp_path / "one"]) == {}
