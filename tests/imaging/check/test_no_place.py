"""NIfTI headers without qform and sform."""

from __future__ import annotations

import numpy as np
import pytest

from napari_acs.imaging import read_volume
from napari_acs.imaging.check import check_study
from napari_acs.imaging.check.no_place import says_no_place

nib = pytest.importorskip("nibabel")


def written(path, *codes):
    voxels = np.random.default_rng(0).integers(1, 99, (20, 18, 16)).astype(np.int16)
    image = nib.Nifti1Image(voxels, np.diag([-1.0, -1.0, 2.0, 1.0]))
    for set_form, code in zip((image.set_qform, image.set_sform), codes, strict=True):
        set_form(np.diag([-1.0, -1.0, 2.0, 1.0]), code)
    nib.save(image, path)
    return read_volume(path)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_header_without_directions_is_amber_and_says_what_is_taken(tmp_path, suffix):
    volume = written(tmp_path / f"t1{suffix}", 0, 0)
    line = check_study("case", {"t1": volume})[0]
    assert (line.topic, line.status) == ("geometry", "amber")
    assert "which side is left" in line.title
    assert "in T1" in line.found
    assert volume.grid.direction == (1, 0, 0, 0, 1, 0, 0, 0, 1), "as the line says"


@pytest.mark.parametrize("codes", [(1, 0), (0, 2), (1, 1)])
def test_one_of_the_two_is_enough(tmp_path, codes):
    assert check_study("case", {"t1": written(tmp_path / "t1.nii", *codes)})[0].status == "green"


def test_a_file_that_is_gone_or_no_nifti_says_nothing(tmp_path):
    volume = written(tmp_path / "t1.nii", 0, 0)
    volume.source.write_bytes(b"no header")
    assert not says_no_place(volume)
    volume.source.unlink()
    assert not says_no_place(volume)
