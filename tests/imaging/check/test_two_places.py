"""Headers whose qform and sform contradict each other."""

from __future__ import annotations

import numpy as np
import pytest

from napari_acs.imaging import read_volume
from napari_acs.imaging.check import check_study
from napari_acs.imaging.check.two_places import two_places_mm

nib = pytest.importorskip("nibabel")

SCANNER, ALIGNED = 1, 2
MIRRORED = np.diag([1.0, 1.0, 2.0, 1.0])


@pytest.fixture
def written(tmp_path):
    def written(sform, code: int = ALIGNED, qform_code: int = SCANNER):
        voxels = np.random.default_rng(0).integers(1, 99, (20, 18, 16)).astype(np.int16)
        image = nib.Nifti1Image(voxels, MIRRORED)
        image.set_qform(np.diag([-1.0, 1.0, 2.0, 1.0]), qform_code)
        image.set_sform(sform, code)
        nib.save(image, tmp_path / "t1.nii.gz")
        return read_volume(tmp_path / "t1.nii.gz")

    return written


def line_of(volume):
    return check_study("case", {"t1": volume})[0]


def test_a_header_that_says_left_and_right_is_an_amber_line(written):
    line = line_of(written(MIRRORED))
    assert (line.topic, line.status) == ("geometry", "amber")
    assert "qform and sform differ, T1 by 38 mm" in line.found
    assert "letters" in line.do
    assert line_of(written(MIRRORED, SCANNER)).status == "amber"


@pytest.mark.parametrize(("code", "qform_code"), [(0, SCANNER), (ALIGNED, 0)])
def test_a_header_that_says_it_once_is_green(written, code, qform_code):
    assert line_of(written(MIRRORED, code, qform_code)).status == "green"


def test_a_rounded_quaternion_and_a_file_that_is_gone_are_no_news(written):
    turn = np.deg2rad(11.3)
    near = np.diag([-1.0, 1.0, 2.0, 1.0])
    near[0, 3] = 1e-3 * turn
    volume = written(near)
    assert two_places_mm(volume) == 0
    volume.source.unlink()
    assert two_places_mm(volume) == 0
