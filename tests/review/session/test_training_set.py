"""Accepted and corrected masks as a training set: which, on which grid, and without names."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import os
import shutil
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from imaging.geometries import ORIENTATIONS, make_grid
from training.tiny import as_brats, tiny

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume, read_grid, read_labels, read_study, write_labels
from napari_acs.imaging.anonymous import write_anonymous
from napari_acs.imaging.cancel import Cancelled
from napari_acs.review.report.naming import names_of
from napari_acs.review.session.audit import accept_in_bulk
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.locate import study_paths
from napari_acs.review.session.masks import given_mask, start_empty, start_from
from napari_acs.review.session.merge import merge
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.sources import find_sources
from napari_acs.review.session.training_set import write_training_set
from napari_acs.training.layouts import find_training_cases
from napari_acs.training.layouts.read import read_case
from napari_acs.training.prepare import nested_labels

MADE = {f"case-{number}": tiny(number) for number in range(4)}


@pytest.fixture
def reviewed(tmp_path):
    """A session of four cases: corrected, accepted, accepted unseen, rejected."""
    data = as_brats(tmp_path / "DOE_JANE", MADE)
    cases = make_cases(find_sources([data]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        for number, status in ((1, "corrected"), (2, "accepted"), (4, "rejected")):
            case = session.state.cases[session.item(number).case]
            grid = read_study(study_paths(session.state, case, path)).grid
            given = given_mask(session, number, grid)
            if status == "corrected":
                editor = MaskEditor(session, start_from(session, given.id).id)
                editor.stroke(np.arange(5000, 5050), 3)
            decide(session, number, status)
        accept_in_bulk(session, [3], "made elsewhere, trusted")
        labels = editor.array.copy()
    return path, labels


def test_accepted_masks_and_their_images_can_be_trained_on(reviewed, tmp_path):
    path, labels = reviewed
    made = write_training_set(path, tmp_path / "set")
    assert made.left_out == {}
    cases = find_training_cases([made.table])
    assert [case.name for case in cases] == list(made.cases)
    assert len(cases) == 3
    expected = [labels, *(MADE[f"case-{number}"].labels for number in (1, 2))]
    for case, whole, source in zip(cases, expected, MADE.values(), strict=False):
        study, regions = read_case(case)
        np.testing.assert_array_equal(nested_labels(regions), whole)
        for key, volume in study.sequences.items():
            np.testing.assert_array_equal(volume.array, source.images[key])
    files = [file for file in (tmp_path / "set").rglob("*") if file.is_file()]
    assert not [file for file in files if "DOE" in str(file.relative_to(tmp_path))]
    assert "DOE" not in made.table.read_text()
    with pytest.raises(BadInput, match="is there already"):
        write_training_set(path, tmp_path / "set")


def test_a_training_set_is_written_whole_or_not_at_all(reviewed, tmp_path):
    path, _ = reviewed
    asked = iter([False] * 2 + [True] * 1000)
    before = sorted(tmp_path.iterdir())
    (left := tmp_path / f".set-{'0' * 32}").mkdir()  # of an export that was killed
    os.utime(left, (0, 0))
    with pytest.raises(Cancelled):
        write_training_set(path, tmp_path / "set", cancelled=lambda: next(asked))
    with pytest.raises(BadInput, match="no case that is in progress"):
        write_training_set(path, tmp_path / "set", statuses=["in progress"])
    with pytest.raises(BadInput, match="no folder"):
        write_training_set(path, tmp_path / "gone" / "set")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("breaks", ["image", "mask"])
def test_a_disk_that_fills_up_is_said_and_no_case_is_left_out_for_it(
    reviewed, tmp_path, monkeypatch, breaks
):
    """ITK says nothing of it: an image that breaks off was exported, or its case left out."""
    write, written = sitk.WriteImage, []

    def until_full(image, name, *options):
        write(image, name, *options)
        mask = image.GetPixelID() == sitk.sitkUInt8
        written.append(name)
        if mask is (breaks == "mask") and len(written) > 5:  # of the second case
            with Path(name).open("r+b") as stream:
                stream.truncate(200)

    monkeypatch.setattr(sitk, "WriteImage", until_full)
    with pytest.raises(BadInput, match=r"set cannot be written: found a file that breaks off"):
        write_training_set(reviewed[0], tmp_path / "set")
    assert len(written) > 5
    assert not list(tmp_path.glob("*set*"))


def test_a_folder_that_may_not_be_written_is_what_is_refused(reviewed, tmp_path, monkeypatch):
    """It was the session that "cannot be read"."""

    def refused(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("napari_acs.review.session.training_set.Path.mkdir", refused)
    with pytest.raises(BadInput, match=r"set cannot be written: found read-only file system"):
        write_training_set(reviewed[0], tmp_path / "set")


def test_a_case_that_cannot_be_exported_is_left_out_with_the_reason(reviewed, tmp_path):
    path, _ = reviewed
    with open_session(path) as session:
        editor = MaskEditor(session, session.item(1).masks[-1])
        editor.stroke([1], 77)
        decide(session, 1, "corrected")
    next((tmp_path / "DOE_JANE" / "case-1").glob("*_t1.nii.gz")).write_bytes(b"broken")
    made = write_training_set(path, tmp_path / "set")
    assert len(made.cases) == 1
    assert "77" in " ".join(made.left_out.values())
    assert len(made.left_out) == 2
    assert sorted(made.reasons.values()) == [
        "Its images are not those that the session was made of.",
        "Its mask has labels other than 1 NCR, 2 ED, 3 ET.",
    ]
    assert list(made.reasons) == list(made.left_out)
    assert len(find_training_cases([made.table])) == 1


@pytest.mark.parametrize("orientation", [0, 17, 40])
def test_a_mask_is_written_on_the_exact_grid_of_the_image_it_was_drawn_on(tmp_path, orientation):
    grid = make_grid(
        ORIENTATIONS[orientation], (0.9, 1.1, 5.5), (-31.2, 7.7, 90.1), (0.1, -0.2, 0.05), (9, 8, 7)
    )
    source = tmp_path / "data" / "x_flair.nii.gz"
    source.parent.mkdir()
    voxels = np.random.default_rng(0).normal(100, 9, grid.shape).astype(np.float32)
    write_anonymous(source, Volume(voxels, grid))
    exact = read_grid(source)
    labels = np.zeros(grid.shape, np.uint8)
    labels[2:4, 3:5, 1:6] = 2
    write_labels(tmp_path / "data" / "x_seg.nii.gz", labels, exact, source=source)
    cases = make_cases(find_sources([tmp_path / "data"]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([cases[0].name])})
    with open_session(path) as session:
        given = given_mask(session, 1, exact)
        assert given.grid == exact
        MaskEditor(session, start_from(session, given.id).id).stroke([0], 1)
        decide(session, 1, "corrected")
    made = write_training_set(path, tmp_path / "set")
    written = read_labels(tmp_path / "set" / made.cases[0] / f"{made.cases[0]}_seg.nii.gz")
    labels.reshape(-1)[0] = 1
    np.testing.assert_array_equal(written.array, labels)
    assert written.grid == exact


def test_what_was_accepted_in_bulk_is_kept_though_its_file_is_written_anew(reviewed, tmp_path):
    path, _ = reviewed
    mask = next((tmp_path / "DOE_JANE" / "case-2").glob("*_seg.nii.gz"))
    old = read_labels(mask)
    write_labels(tmp_path / "new.nii.gz", np.zeros_like(old.array), old.grid)
    (tmp_path / "new.nii.gz").replace(mask)
    made = write_training_set(path, tmp_path / "set")
    assert made.left_out == {}
    name = read_session(path).items[3].case
    kept = read_labels(tmp_path / "set" / name / f"{name}_seg.nii.gz").array
    np.testing.assert_array_equal(kept, MADE["case-2"].labels)


@pytest.mark.parametrize(
    ("again", "exported"),
    [("accepted", True), ("corrected", True), ("rejected", False), ("needs second read", False)],
)
def test_of_a_case_read_twice_the_last_word_counts(tmp_path, again, exported):
    data = as_brats(tmp_path / "data", {name: MADE[name] for name in ("case-0", "case-1")})
    cases = make_cases(find_sources([data]))
    names = [case.name for case in cases]
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan(names, repeats=1.0)})
    with open_session(path) as session:
        twice = names[0]
        for item in sorted(session.state.items.values(), key=lambda item: item.read):
            if item.read == 2 and item.case != twice:
                continue  # a repeat that was not read yet says nothing
            grid = read_study(study_paths(session.state, session.state.cases[item.case], path)).grid
            given_mask(session, item.number, grid)
            decide(session, item.number, "accepted" if item.read == 1 else again)
    made = write_training_set(path, tmp_path / "set")
    assert set(made.cases) == ({*names} if exported else {names[1]})


def test_no_word_of_a_files_header_comes_into_a_training_set(tmp_path):
    """Tools write patients' names there, and gzip the name of the file that it packed."""
    data = as_brats(tmp_path / "data", {"case-0": MADE["case-0"]})
    for file in data.glob("case-0/*.nii.gz"):
        image = nib.load(file)
        for field in ("descrip", "intent_name", "aux_file", "db_name"):
            image.header[field] = b"DOE^JANE"
        image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"DOE^JANE"))
        plain = nib.Nifti1Image(np.asarray(image.dataobj), None, image.header).to_bytes()
        with file.open("wb") as stream, gzip.GzipFile("DOE^JANE.nii", "wb", fileobj=stream) as z:
            z.write(plain)
    cases = make_cases(find_sources([data]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        grid = read_study(study_paths(session.state, cases[0], path)).grid
        MaskEditor(session, start_empty(session, 1, grid).id).stroke([0, 7], 2)
        decide(session, 1, "corrected")
    write_training_set(path, tmp_path / "set")
    packed = [file.read_bytes() for file in (tmp_path / "set").rglob("*.nii.gz")]
    assert len(packed) == 5
    for raw in packed:
        assert b"DOE" not in raw[:64]
        whole = gzip.decompress(raw)
        header = nib.Nifti1Header.from_fileobj(io.BytesIO(whole))
        texts = (bytes(header[name]) for name in ("descrip", "intent_name", "aux_file", "db_name"))
        assert not any(text.strip(b"\0") for text in texts)
        assert b"DOE" not in whole


@pytest.mark.parametrize("ai", ["shown", "hidden"])
def test_a_mask_that_was_accepted_and_never_opened_is_exported_only_as_it_was(tmp_path, ai):
    """Sessions made before such masks were taken into the file hold decisions about none."""
    data = as_brats(tmp_path / "data", {name: MADE[name] for name in ("case-0", "case-1")})
    cases = make_cases(find_sources([data]))
    path = tmp_path / "s.review"
    plan = make_plan([case.name for case in cases], ai=ai)
    create_sessions({"ann": path}, cases, {"ann": plan})
    with open_session(path) as session:
        for number in (1, 2):
            assert decide(session, number, "accepted").decided.mask is None
    if ai == "hidden":
        with pytest.raises(BadInput, match=r"gives no training set.*has no mask"):
            write_training_set(path, tmp_path / "set")
        return
    assert len(write_training_set(path, tmp_path / "set").cases) == 2
    one, two = (next((data / name).glob("*_seg.nii.gz")) for name in ("case-0", "case-1"))
    shutil.copy(two, one)
    made = write_training_set(path, tmp_path / "again")
    assert made.cases == (cases[1].name,)
    assert "is not the one that was accepted" in made.left_out[cases[0].name]


def test_patients_that_a_session_knows_by_name_are_numbered(tmp_path):
    """As in its other exports; two exams of one patient stay those of one."""
    data = as_brats(tmp_path / "data", {name: MADE[name] for name in ("case-0", "case-1")})
    found = make_cases(find_sources([data]))
    cases = [replace(case, name=f"DOE {n}", patient="DOE") for n, case in enumerate(found)]
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        for number in (1, 2):
            grid = read_study(study_paths(session.state, cases[number - 1], path)).grid
            given_mask(session, number, grid)
            decide(session, number, "accepted")
    made = write_training_set(path, tmp_path / "set", names=names_of(merge([path])))
    with made.table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["case"], row["patient"]) for row in rows] == [
        ("Case 1", "Patient 1"), ("Case 2", "Patient 1")
    ]  # fmt: skip
    assert "DOE" not in made.table.read_text()
    assert not list((tmp_path / "set").rglob("*DOE*"))
