"""Keys of studies are stable and secret; texts lose what names the patient."""

from __future__ import annotations

import stat
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from imaging.dicom.write import patient
from imaging.geometries import make_grid, noise

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume
from napari_acs.imaging.pseudonym import KEY_VARIABLE, _create, scrub, study_key, voxels_key

UID = "1.2.840.113619.2.1.4711"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setattr(
        "napari_acs.imaging.pseudonym.user_data_path", lambda *_, **__: tmp_path / "data"
    )
    return tmp_path / "data"


def test_key_is_stable_and_says_nothing(home):
    key = study_key(UID)
    assert key == study_key(UID)
    assert key != study_key(UID + "1")
    assert key.startswith("study-")
    assert len(key) == 6 + 12
    assert "4711" not in key[6:] or key != UID
    assert [path.name for path in home.iterdir()] == ["pseudonym.key"]


@pytest.mark.skipif(sys.platform == "win32", reason="no modes on Windows")
def test_secret_is_for_this_user_alone(home):
    study_key(UID)
    assert stat.S_IMODE((home / "pseudonym.key").stat().st_mode) == 0o600


def test_another_secret_gives_another_key(home, monkeypatch):
    key = study_key(UID)
    (home / "pseudonym.key").unlink()
    assert study_key(UID) != key
    monkeypatch.setenv(KEY_VARIABLE, "the lab's")
    shared = study_key(UID)
    (home / "pseudonym.key").unlink()
    assert study_key(UID) == shared
    assert not (home / "pseudonym.key").exists()


def test_secret_that_is_cut_short_or_out_of_reach_is_refused(home):
    study_key(UID)
    (home / "pseudonym.key").write_text("short")
    with pytest.raises(BadInput, match="cut short"):
        study_key(UID)
    (home / "pseudonym.key").unlink()
    home.rmdir()
    home.write_text("a file where the folder belongs")
    with pytest.raises(BadInput, match=KEY_VARIABLE):
        study_key(UID)


def test_processes_that_race_for_the_secret_agree(tmp_path):
    code = f"from napari_acs.imaging.pseudonym import study_key; print(study_key({UID!r}))"
    environment = {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": ""}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(3)
    ]
    assert len({process.communicate(timeout=60)[0] for process in running}) == 1


def test_a_secret_that_another_process_made_meanwhile_stays(home):
    study_key(UID)
    secret = (home / "pseudonym.key").read_bytes()
    _create(home / "pseudonym.key")
    assert (home / "pseudonym.key").read_bytes() == secret
    assert [path.name for path in home.iterdir()] == ["pseudonym.key"]


def test_voxels_give_a_key_where_there_is_no_dicom(home):
    a, b = (Volume(noise(seed=i), make_grid()) for i in (0, 1))
    assert voxels_key([a, b]) == voxels_key([b, a])
    assert voxels_key([a]) != voxels_key([b])
    flipped = Volume(np.ascontiguousarray(a.array[::-1]), make_grid())
    assert voxels_key([a]) != voxels_key([flipped])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("T1 AX POST GAD", "T1 AX POST GAD"),
        ("t1_mpr_ns_sag_p2_iso", "t1_mpr_ns_sag_p2_iso"),
        ("T2 FLAIR 5.5mm", "T2 FLAIR 5.5mm"),
        ("DOE^JANE T1", "T1"),
        ("T1 Jané Doe", "T1"),
        ("T1 doejane", "T1"),
        ("T1_DOE_POST", "T1_POST"),
        ("T1 Doe2 PAT-4711", "T1"),
        ("T1 pat4711", "T1"),
        ("pat 4711 T1", "T1"),
        ("T1 2020-01-31", "T1"),
        ("T1 31.01.2020 ax", "T1 ax"),
        ("T1 20200131", "T1"),
        ("T1 31jan2020", "T1"),
        ("T1 31 Jan 2020", "T1"),
        ("T1 born 21/03/1954", "T1 born"),
        ("T1 1954", "T1"),
        ("Brain for Dr. Smith", "Brain for Dr"),
        ("MERCY brain", "brain"),
        ("T1 ACC99001", "T1"),
        ("does head", "does head"),
        ("", ""),
    ],
)
def test_scrub(text, left):
    assert scrub(text, patient(pydicom.Dataset())) == left


def test_scrub_reads_every_place_that_names_the_patient():
    dataset = pydicom.Dataset()
    dataset.OtherPatientIDs = ["ALPHA1", "BETA2"]
    nested = pydicom.Dataset()
    nested.PatientID = "GAMMA3"
    dataset.OtherPatientIDsSequence = [nested]
    dataset.OperatorsName = ["Ops^Ann", "Opps^Bo"]
    assert scrub("T1 alpha1 BETA2 gamma3 Opps ann", dataset) == "T1"


def test_scrub_without_a_patient_leaves_the_text():
    assert scrub("T1 AX 2020", pydicom.Dataset()) == "T1 AX 2020"
