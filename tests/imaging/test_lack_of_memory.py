"""Memory that runs out while an image is read is no fault of its file's."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from napari_acs.errors import BadInput
from napari_acs.imaging import read, read_volume

SAID_BY_ITK = [
    RuntimeError("Failed to allocate memory for image."),
    RuntimeError("ITK ERROR: NiftiImageIO: nifti_image_load failed for file: t1.nii.gz"),
    RuntimeError("std::bad_alloc"),
    MemoryError("Unable to allocate output buffer."),
]


class Reader:
    """SimpleITK's, but for the reading of the voxels."""

    def __init__(self, real, error) -> None:
        self._real, self._error = real, error

    def __getattr__(self, name):
        return getattr(self._real, name)

    def Execute(self):
        raise self._error


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "t1.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((5, 6, 7), np.int16)), str(path))
    return path


@pytest.mark.parametrize("error", SAID_BY_ITK, ids=str)
def test_the_file_is_not_blamed(file, monkeypatch, error):
    real = read._reader
    monkeypatch.setattr(read, "_reader", lambda path: Reader(real(path), error))
    with pytest.raises(BadInput, match=r"t1\.nii\.gz cannot be read now.*memory.*Close") as refusal:
        read_volume(file)
    assert "damaged" not in refusal.value.sentence()


def test_other_faults_are_the_files(file, monkeypatch):
    real = read._reader
    monkeypatch.setattr(read, "_reader", lambda path: Reader(real(path), RuntimeError("torn")))
    with pytest.raises(BadInput, match="damaged"):
        read_volume(file)
