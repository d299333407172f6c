"""NIfTI files whose lengths are in metres or micrometres: masks are saved in that unit as well."""

from __future__ import annotations

import numpy as np
import pytest

from napari_acs.imaging import read_volume, save_labels
from napari_acs.imaging.check.two_places import two_places_mm

nib = pytest.importorskip("nibabel")

IN_MM = np.diag([-1.0, -1.2, 2.0, 1.0])
IN_MM[:3, 3] = (40, 30, -20)
UNITS = {"meter": 1e-3, "micron": 1e3, "mm": 1.0, "unknown": 1.0}


def scan(path, unit, sform=IN_MM):
    scale = np.diag([UNITS[unit]] * 3 + [1.0])
    image = nib.Nifti1Image(np.arange(990, dtype=np.int16).reshape(9, 10, 11), scale @ sform)
    image.set_qform(scale @ IN_MM, 1)
    image.set_sform(scale @ sform, 2)
    image.header.set_xyzt_units(unit)
    nib.save(image, path)
    return read_volume(path)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_a_mask_is_saved_and_lies_where_its_image_lies(tmp_path, unit, suffix):
    volume = scan(tmp_path / "t1.nii.gz", unit)
    assert volume.grid.spacing == pytest.approx((1, 1.2, 2))
    labels = np.zeros(volume.array.shape, np.uint8)
    labels[2:5, 3:6, 4:7] = 1
    proof = save_labels(tmp_path / f"m{suffix}", labels, volume.grid, source=volume.source)
    assert proof.labels[0].volume_ml == pytest.approx(27 * 2.4e-3)
    assert proof.largest_deviation_mm < 0.001
    assert read_volume(proof.file).grid.difference(volume.grid) is None
    if suffix.startswith(".nii"):
        mask, image = nib.load(proof.file), nib.load(volume.source)
        np.testing.assert_array_equal(mask.affine, image.affine)
        assert mask.header.get_xyzt_units()[0] == unit


@pytest.mark.parametrize("unit", ["meter", "micron"])
def test_two_places_are_told_in_mm(tmp_path, unit):
    apart = IN_MM.copy()
    apart[0, 3] += 9
    assert two_places_mm(scan(tmp_path / "t1.nii", unit, apart)) == pytest.approx(9, abs=0.01)
