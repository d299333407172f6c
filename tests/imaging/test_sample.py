"""The sample study that ships: readable, small, marked as a phantom, and reproducible."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from napari_acs.imaging import SEQUENCES, sample_study
from napari_acs.imaging.sample import sample_folder, sample_mask

IMAGES = [f"phantom_{name}.nii.gz" for name in (*SEQUENCES, "mask")]
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_sample.py"


@pytest.fixture(scope="module")
def study():
    return sample_study()


@pytest.fixture(scope="module")
def mask():
    return sample_mask()


def test_study_has_four_sequences_and_its_mask_on_one_grid(study, mask):
    assert tuple(study.sequences) == SEQUENCES
    assert study.grid.difference(mask.grid) is None
    assert study.grid.spacing == (1.0, 1.0, 1.0)
    assert all(abs(o) > 1 for o in study.grid.origin)
    assert mask.array.dtype == np.uint8
    assert np.unique(mask.array).tolist() == [0, 1, 2, 3]
    for volume in study.sequences.values():
        assert volume.array.dtype == np.int16
        assert volume.array.min() == 0
        assert ((volume.array > 0) == (study.sequences["t1"].array > 0)).all()


def test_every_file_says_that_it_is_a_phantom(study):
    assert "phantom" in study.name.lower()
    assert "not a patient" in study.name
    for name in IMAGES:
        header = nibabel.load(sample_folder() / name).header
        assert b"DIGITAL PHANTOM not a patient" in bytes(header["descrip"])
        assert header.get_xyzt_units()[0] == "mm"


def test_the_template_notice_is_beside_it_and_all_is_small():
    names = {path.name for path in sample_folder().iterdir()}
    assert names == {*IMAGES, "LICENSE-MNI152.txt", "README.md"}
    assert sum(path.stat().st_size for path in sample_folder().iterdir()) < 8e6
    notice = (sample_folder() / "LICENSE-MNI152.txt").read_text(encoding="utf-8")
    assert "Copyright (C) 1993-2009 Louis Collins" in notice
    assert "the above\ncopyright notice appear in all copies" in notice
    assert "not a patient" in (sample_folder() / "README.md").read_text(encoding="utf-8")


def test_the_case_is_the_one_promised(study, mask):
    """One focus of 40-60 ml in one hemisphere, a bright ring round a dark core, mass effect."""
    labels = mask.array
    brain = study.sequences["t1"].array > 0
    assert brain[labels > 0].all()
    assert 1.1e6 < brain.sum() < 1.7e6  # mm3
    assert 40 < (labels > 0).sum() * mask.grid.voxel_ml < 60
    components, _ = ndimage.label(labels > 0)
    assert np.bincount(components.ravel())[1:].max() > 0.97 * (labels > 0).sum()
    x = np.nonzero(labels)[2] - np.nonzero(brain)[2].mean()
    assert max((x > 0).mean(), (x < 0).mean()) > 0.98
    depth = ndimage.distance_transform_edt((labels == 1) | (labels == 3))
    t1ce, flair = (study.sequences[k].array.astype(float) for k in ("t1ce", "flair"))
    tissue = brain & (labels == 0)
    assert depth[labels == 1].mean() > depth[labels == 3].mean()
    assert t1ce[labels == 3].mean() > 1.2 * t1ce[tissue].mean()
    assert t1ce[labels == 1].mean() < t1ce[labels == 3].mean()
    assert flair[labels == 2].mean() > 1.3 * flair[tissue].mean()


@pytest.mark.slow
def test_the_script_makes_these_very_files(tmp_path):
    """A minute; the voxels and headers must be equal, however the local zlib packs them."""
    spec = importlib.util.spec_from_file_location("make_sample", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = script.make(tmp_path)
    assert {path.name for path in made} == {path.name for path in sample_folder().iterdir()}
    for path in made:
        shipped = (sample_folder() / path.name).read_bytes()
        fresh = path.read_bytes()
        if path.suffix == ".gz":
            shipped, fresh = gzip.decompress(shipped), gzip.decompress(fresh)
        assert shipped == fresh, path.name
