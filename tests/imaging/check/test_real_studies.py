"""What the check says of real studies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import SHARED_DATA, needs_shared_data
from imaging.check.sabotage import NEEDS, check, not_green

from napari_acs.imaging import find_sequences, read_volume
from napari_acs.imaging.check import Needs


@needs_shared_data
@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("brats2021/BraTS2021_01479", {}),
        ("brats2018-2020-8bit/Brats18_CBICA_ABM_1", {}),
        # Its FLAIR truly ends early.
        ("brats2018-2020-8bit/Brats18_2013_20_1", {"coverage": "amber"}),
        ("tcga-lgg-native/TCGA-FG-6692", {"grids": "red", "skull": "amber", "model": "amber"}),
        ("tcga-lgg-native/TCGA-FG-6692/brats_space", {}),
    ],
)
def test_real_studies(folder, expected):
    files = find_sequences(SHARED_DATA / folder)
    needs = replace(NEEDS, spacing_mm=(1.5, 1.5, 1.5))
    lines = check({key: read_volume(path) for key, path in files.items()}, needs)
    assert not_green(lines) == expected


@needs_shared_data
def test_real_heads_alone():
    needs = Needs(("t1ce",), spacing_mm=(1.5, 1.5, 1.5))
    tcia = read_volume(SHARED_DATA / "tcia-brain-tumor-progression/01/Pre_Scan_T1.nii.gz")
    lines = check({"t1ce": tcia}, needs)
    assert not_green(lines) == {"spacing": "amber", "skull": "amber"}
    assert "true spacing is probably lost" in lines["spacing"].found
    nrrd = read_volume(SHARED_DATA / "nrrd-two-rois/1_image.nrrd")
    lines = check({"t1ce": nrrd}, needs)
    assert not_green(lines) == {"skull": "amber", "model": "amber"}
    assert "6.5 mm" in lines["model"].found


@needs_shared_data
def test_eight_bit_is_said_and_blocks_nothing():
    files = find_sequences(SHARED_DATA / "brats2018-2020-8bit/Brats18_CBICA_ABM_1")
    line = check({"t1": read_volume(files["t1"])})["intensities"]
    assert (line.status, line.found) == ("green", "T1: 256 grey levels only (8-bit)")
