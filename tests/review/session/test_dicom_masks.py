"""Masks beside DICOM images: which of several a session takes, and which it asks about."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from imaging.dicom.study import write_study

from napari_acs.errors import BadInput
from napari_acs.imaging import read_study, save_labels
from napari_acs.imaging.pseudonym import KEY_VARIABLE
from napari_acs.review.session.sources import find_sources

pytest.importorskip("highdicom")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study with two segmentations and a structure set of the same series."""
    folder = tmp_path_factory.mktemp("made") / "DOE"
    write_study(folder)
    volume = read_study(folder).sequences["t2"]
    labels = np.zeros(volume.array.shape, np.uint8)
    labels[3:6, 20:30, 20:30] = 3
    files = {}
    for name in ("one.dcm", "two.dcm", "one.rtstruct.dcm"):
        files[name] = folder.parent / name
        save_labels(files[name], labels, volume.grid, dicom=volume.dicom)
    return folder, files


@pytest.fixture
def study(made, tmp_path, monkeypatch):
    """Return a function that copies the study with some of its masks."""
    import shutil  # noqa: PLC0415

    monkeypatch.setenv(KEY_VARIABLE, "a secret of this test")

    def copied(*names):
        folder = tmp_path / "scans"
        shutil.copytree(made[0], folder)
        for name in names:
            shutil.copy(made[1][name], folder / name)
        return folder

    return copied


def table(folder, mask):
    path = folder.parent / "list.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([["study", "mask"], [folder.name, mask]])
    return path


def test_a_segmentation_counts_before_a_structure_set(study):
    (source,) = find_sources([study("one.rtstruct.dcm", "one.dcm")])
    assert source.mask is not None
    assert source.mask.name == "one.dcm"


def test_several_segmentations_are_asked_about_and_a_table_says_which(study):
    folder = study("one.dcm", "two.dcm", "one.rtstruct.dcm")
    with pytest.raises(BadInput, match=r"several masks.*one\.dcm, two\.dcm.*CSV"):
        find_sources([folder])
    with pytest.raises(BadInput, match="several masks"):
        find_sources([table(folder, "")])

    (named,) = find_sources([table(folder, "scans/two.dcm")])
    assert named.mask == folder / "two.dcm"
    (without,) = find_sources([table(folder, "-")])
    assert without.mask is None
    assert len(without.files) == len(named.files) > 0


def test_a_table_may_say_that_the_one_mask_of_a_study_is_not_meant(study):
    folder = study("one.dcm")
    assert find_sources([folder])[0].mask is not None
    assert find_sources([table(folder, "-")])[0].mask is None
