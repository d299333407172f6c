"""One image twice, told by its file or its DICOM series."""

from __future__ import annotations

from dataclasses import replace

from imaging.check.sabotage import check, sound

from napari_acs.imaging.dicom.origin import AcquisitionTags, DicomOrigin


def test_the_same_file_twice_is_told_by_its_path(tmp_path):
    s = sound()
    path = tmp_path / "a.nii.gz"
    twice = {key: replace(s[key], source=path) for key in ("t1", "t1ce")}
    assert "the same file (a.nii.gz)" in check(twice)["duplicates"].found


def test_series_of_one_dicom_folder_are_not_one_file(tmp_path):
    def of(volume, *names):
        files = tuple(tmp_path / name for name in names)
        return replace(volume, source=tmp_path, dicom=DicomOrigin(files, AcquisitionTags(), "key"))

    s = sound()
    flat = {key: of(volume, f"{key}1", f"{key}2") for key, volume in s.items()}
    assert check(flat)["duplicates"].status == "green"
    twice = check({**flat, "t2": of(s["t2"], "t11", "t12")})["duplicates"]
    assert twice.status == "red"
    assert "a DICOM series" in twice.found
    assert tmp_path.name not in twice.found
