"""A study from DICOM or files: whose it is, on one grid, or refused with a sentence."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from imaging.dicom.study import SECOND, phantom, stored, write_sequences, write_study
from imaging.dicom.write import STUDY, assert_names_nobody, write_series
from imaging.moved import coarse_phantom, middle, placed, rigid

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Volume, read_study, to_study
from napari_acs.imaging.cancel import Cancelled
from napari_acs.imaging.open import read_volumes
from napari_acs.imaging.pseudonym import study_key


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans") / "DOE_JANE"
    return folder, write_study(folder)


@pytest.fixture
def two_studies(tmp_path):
    volumes = phantom()
    parent = tmp_path / "DOE_JANE"
    write_sequences(parent / "20200131", {key: volumes[key] for key in ("t1", "t2")})
    write_sequences(
        parent / "20200501",
        {key: volumes[key] for key in ("t1", "t1ce", "flair")},
        study_uid=SECOND,
    )
    return parent


def test_a_dicom_folder_is_a_study_without_a_name(scanned):
    folder, volumes = scanned
    study = read_study(folder)
    assert study.name.startswith("study-")
    assert_names_nobody(repr(study))
    assert list(study.sequences) == ["t1", "t1ce", "t2", "flair"]
    for key, volume in study.sequences.items():
        # stripped, on one grid: bit for bit what the scanner stored
        np.testing.assert_array_equal(volume.array, volumes[key].array)
        assert volume.history == ()
        assert volume.dicom.study_key == study.name


def test_several_studies_are_refused_by_their_keys_and_never_picked(two_studies):
    with pytest.raises(BadInput) as refusal:
        read_study(two_studies)
    said = refusal.value.sentence()
    assert f"{study_key(STUDY)} (2 image series)" in said
    assert f"{study_key(SECOND)} (3 image series)" in said
    assert_names_nobody(said)
    assert list(read_study(two_studies / "20200131").sequences) == ["t1", "t2"]


def test_sequences_of_two_studies_are_not_mixed_by_a_mapping(two_studies):
    mixed = {"t1": two_studies / "20200131" / "2", "flair": two_studies / "20200501" / "5"}
    with pytest.raises(BadInput, match="different DICOM studies") as refusal:
        read_study(mixed)
    assert_names_nobody(str(refusal.value))


def test_a_mapping_to_series_folders_files_and_zips(scanned, tmp_path):
    folder, volumes = scanned
    archive = tmp_path / "flair.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in (folder / "5").iterdir():
            zipped.write(file, file.name)
    image = sitk.GetImageFromArray(volumes["t2"].array)
    grid = volumes["t2"].grid
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    sitk.WriteImage(image, str(tmp_path / "anything.nii.gz"))
    study = read_study(
        {
            "flair": archive,
            "t1": folder / "2" / "IM00003.dcm",
            "t1ce": folder / "3",
            "t2": tmp_path / "anything.nii.gz",
        }
    )
    assert study.name.startswith("study-")
    for key, volume in study.sequences.items():
        np.testing.assert_array_equal(volume.array, volumes[key].array)


def test_a_mapping_may_contradict_the_headers(scanned):
    study = read_study({"t1": scanned[0] / "4"})
    np.testing.assert_array_equal(study.sequences["t1"].array, scanned[1]["t2"].array)


def test_a_zip_is_read_and_leaves_nothing(scanned, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    archive = tmp_path / "DOE_JANE.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for number in ("2", "5"):
            for file in (scanned[0] / number).iterdir():
                zipped.write(file, f"{number}/{file.name}")
    study = read_study(archive)
    assert list(study.sequences) == ["t1", "flair"]
    assert_names_nobody(repr(study))
    assert list(tmp_path.iterdir()) == [archive]


def test_nothing_known_is_a_sentence(tmp_path):
    write_series(
        tmp_path, phantom()["t1"], description="localizer", number=3, ImageType=["ORIGINAL"]
    )
    with pytest.raises(BadInput, match="is known to be T1") as refusal:
        read_study(tmp_path)
    assert_names_nobody(str(refusal.value))


def native(key, matrix_shift=(0.0, 0.0, 0.0), *, thick=1):
    """Return a sequence of the 2 mm phantom with fewer slices, elsewhere in the scanner."""
    volume = stored(coarse_phantom(2)[key])
    array = np.ascontiguousarray(volume.array[::thick])
    x, y, z = volume.grid.spacing
    grid = Grid(array.shape[::-1], (x, y, z * thick), volume.grid.origin, volume.grid.direction)
    volume = Volume(array, grid)
    return placed(volume, rigid(middle(volume), matrix_shift))


def test_two_sequences_on_different_grids_come_to_one(tmp_path):
    t1, flair = native("t1"), native("flair", (3.0, -4.0, 2.0), thick=2)
    write_sequences(tmp_path, {"t1": t1, "flair": flair})
    study = read_study(tmp_path)
    assert study.reference == "t1"
    assert study.grid.difference(t1.grid) is None
    np.testing.assert_array_equal(study.sequences["t1"].array, t1.array)
    moved = study.sequences["flair"]
    assert moved.array.shape == t1.array.shape
    registered = next(step for step in moved.history if step.name == "registered")
    assert registered.verdict in {"good", "look"}
    assert any(step.name == "resampled" for step in moved.history)
    truth = stored(coarse_phantom(2)["flair"]).array.astype(float)
    brain = truth > 0
    assert np.corrcoef(moved.array[brain], truth[brain])[0, 1] > 0.9
    asked = read_study(tmp_path, reference="flair")
    assert asked.grid.difference(flair.grid) is None


def test_a_registration_that_failed_is_refused_by_name():
    t1 = native("t1")
    noise = np.random.default_rng(0).normal(500, 100, (40, 50, 60)).astype(np.int16)
    nothing = Volume(noise, replace(t1.grid, size=(60, 50, 40), spacing=(3.0, 3.0, 4.0)))
    with pytest.raises(BadInput, match="FLAIR of case could not be registered to T1") as refusal:
        to_study("case", {"t1": t1, "flair": nothing})
    assert "Leave FLAIR out" in refusal.value.sentence()


def test_a_reference_that_is_not_there_is_refused(scanned):
    with pytest.raises(BadInput, match="no FLAIR to give the grid"):
        read_study({"t1": scanned[0] / "2"}, reference="flair")


def test_cancel_ends_reading_and_registering(scanned):
    for wanted in (scanned[0], {"t1": scanned[0] / "2"}):
        with pytest.raises(Cancelled):
            read_volumes(wanted, cancelled=lambda: True)
    volumes = {"t1": native("t1"), "flair": native("flair", thick=2)}
    with pytest.raises(Cancelled):
        to_study("case", volumes, cancelled=lambda: True)


def test_what_cannot_be_read_is_told_and_the_rest_is_read(scanned, tmp_path):
    volumes = {key: scanned[1][key] for key in ("t1", "t2")}
    files = write_sequences(tmp_path, volumes)
    cut = files["t2"][20]
    cut.write_bytes(cut.read_bytes()[:-4000])
    told = []
    _, read = read_volumes(
        {"t1": tmp_path / "2", "t2": tmp_path / "4"},
        refused=lambda key, title, why: told.append((key, title, why.sentence())),
    )
    assert list(read) == ["t1"]
    ((key, title, why),) = told
    assert (key, title) == ("t2", "4: t2_tse_tra")
    assert_names_nobody(why)
    with pytest.raises(BadInput):
        read_volumes({"t1": tmp_path / "2", "t2": tmp_path / "4"})
