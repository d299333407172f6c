"""What is said of a mask whose image's file is another one by now."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from napari.layers import Labels, Layer

from napari_acs.viewer.masks import mask_of
from napari_acs.viewer.reader import read
from napari_acs.widgets.saving import _write


def test_the_sentence_names_the_file_that_changed(tmp_path):
    file = tmp_path / "t1.nii.gz"
    voxels = np.random.default_rng(0).integers(0, 900, (6, 7, 8)).astype(np.int16)
    sitk.WriteImage(sitk.GetImageFromArray(voxels), str(file))
    image = Layer.create(*read(str(file))[0])
    labels = Labels(np.ones((6, 7, 8), np.uint8), scale=image.scale, translate=image.translate)
    mask = mask_of(labels, [image])
    _, note = _write(tmp_path / "a.nii.gz", mask, "as shown")
    assert note == ""
    file.write_bytes(file.read_bytes()[:99])
    proof, note = _write(tmp_path / "b.nii.gz", mask, "as shown")
    assert proof.file.is_file()
    assert "t1.nii.gz is another file now, or a damaged one" in note
    file.unlink()
    assert _write(tmp_path / "c.nii.gz", mask, "as shown")[1] == "", "it is gone, not another"
