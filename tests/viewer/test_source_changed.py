"""Image files that are written anew, cut off or damaged while they are open."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from napari.layers import Labels, Layer

from napari_acs.imaging import Study, read_labels, read_volume
from napari_acs.viewer.masks import mask_of, save_mask
from napari_acs.viewer.reader import read
from napari_acs.viewer.snapshot import snapshot_study

SHAPE = (8, 9, 10)


def write(path, spacing=(1.0, 1.2, 2.0), seed=0):
    voxels = np.random.default_rng(seed).integers(0, 900, SHAPE).astype(np.int16)
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(spacing)
    sitk.WriteImage(image, str(path))


@pytest.fixture(params=[".nii.gz", ".nrrd", ".mha"])
def opened(request, tmp_path):
    """Return an image's file, its layer, and labels that were drawn on it."""
    file = tmp_path / f"t1{request.param}"
    write(file)
    image = Layer.create(*read(str(file))[0])
    labels = Labels(
        np.zeros(image.data.shape, np.uint8), scale=image.scale, translate=image.translate
    )
    labels.data[2:5, 3:6, 4:7] = 1
    return file, image, labels


def anew(file):
    write(file, (1.0, 1.2, 3.0))


def cut_off(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def emptied(file):
    file.write_bytes(b"")


def other_kind(file):
    file.write_bytes(b"no image at all" * 99)


@pytest.mark.parametrize("change", [anew, cut_off, emptied, other_kind])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_what_was_drawn_can_be_saved_where_it_was_drawn(opened, tmp_path, change, suffix):
    file, image, labels = opened
    grid = read_volume(file).grid
    change(file)
    saved = save_mask(tmp_path / f"mask{suffix}", mask_of(labels, [image])).file
    back = read_labels(saved)
    assert back.grid.difference(grid) is None
    assert np.count_nonzero(back.array) == 27


def study_of(image):
    shot = snapshot_study({"t1": image})
    return Study(shot.name, shot.volumes())


def test_the_hash_in_the_record_is_never_that_of_a_file_that_was_not_read(opened):
    file, image, _ = opened
    (read_then,) = study_of(image).input_sha256().values()
    assert read_then == read_volume(file).sha256()
    write(file, seed=1)  # the same size and grid, other voxels
    (now,) = study_of(image).input_sha256().values()
    assert now not in {read_then, read_volume(file).sha256()}
    file.unlink()
    assert study_of(image).input_sha256() == {"t1": now}, "the hash of what is in memory"
