"""Whole phantoms: what the generator promises to training."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from napari_acs.errors import BadInput
from napari_acs.training.phantom import PhantomOptions, generate, load_atlas, prepare_atlas

SICK = PhantomOptions(healthy=0.0, random_contrast=0.0, diameter_mm=(25.0, 55.0), degrade=0.0)
ONLY = {"ring": 0.0, "solid": 0.0, "tiny": 0.0, "none": 0.0}


def draw(atlas, seed, options=SICK, **more):
    return generate(atlas, torch.Generator().manual_seed(seed), options=options, **more)


def test_the_generator_is_the_only_source_of_chance(atlas):
    torch.manual_seed(1)
    first = draw(atlas, 7, PhantomOptions())
    torch.manual_seed(2)
    np.random.seed(3)  # noqa: NPY002  the point is that the global state has no say
    again, other = draw(atlas, 7, PhantomOptions()), draw(atlas, 8, PhantomOptions())
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.labels, again.labels)
    assert not torch.equal(first.images, other.images)


@pytest.mark.parametrize("seed", range(6))
def test_labels_lie_in_the_brain_and_the_background_is_zero(atlas, seed):
    phantom = draw(atlas, seed, replace(SICK, random_contrast=0.5))
    assert phantom.images.dtype == torch.float32
    assert phantom.labels.dtype == torch.uint8
    assert phantom.images.shape == (4, *atlas.shape) == (4, *phantom.labels.shape)
    assert torch.isfinite(phantom.images).all()
    brain = phantom.images > 0
    assert (brain == brain[0]).all()
    assert (phantom.images[~brain] == 0).all()
    solid = ndimage.binary_fill_holes(brain[0].numpy())
    assert solid.sum() - int(brain[0].sum()) < 20  # no holes
    assert ndimage.label(solid)[1] < 6  # and few crumbs
    assert 900 < float(brain[0].sum()) * atlas.spacing_mm**3 / 1000 < 2100
    assert phantom.labels.max() <= 3
    assert (phantom.labels > 0).any()
    assert brain[0][phantom.labels > 0].all()


def test_healthy_brains_have_no_label_and_no_tumour_signal(atlas):
    phantom = draw(atlas, 3, replace(SICK, healthy=1.0))
    assert not phantom.labels.any()
    assert (phantom.images > 0).any()


@pytest.mark.parametrize(
    ("pattern", "present", "absent"),
    [("ring", {1, 3}, set()), ("solid", {3}, set()), ("none", {1}, {3})],
)
def test_enhancement_patterns(atlas, pattern, present, absent):
    options = replace(SICK, **(ONLY | {pattern: 1.0}), diameter_mm=(40.0, 50.0))
    for seed in range(4):
        labels = draw(atlas, seed, options).labels
        found = set(labels.unique().tolist())
        assert present <= found
        assert not absent & found
        if pattern == "solid":
            assert (labels == 3).sum() > (labels == 1).sum()


def test_the_enhancing_rim_lies_round_the_necrosis(atlas):
    options = replace(SICK, **(ONLY | {"ring": 1.0}), diameter_mm=(45.0, 50.0), multifocal=0.0)
    for seed in range(4):
        labels = draw(atlas, seed, options).labels.numpy()
        core = (labels == 1) | (labels == 3)
        depth = ndimage.distance_transform_edt(core)
        assert depth[labels == 1].mean() > depth[labels == 3].mean()


def test_sizes_follow_the_options(atlas):
    volume = []
    for diameter in (12.0, 30.0, 60.0):
        options = replace(SICK, diameter_mm=(diameter, diameter), multifocal=0.0)
        cores = [draw(atlas, s, options).labels for s in range(6)]
        sizes = [float(((c == 1) | (c == 3)).sum()) * atlas.spacing_mm**3 for c in cores]
        volume.append(np.median(sizes) / (np.pi / 6 * diameter**3))
    assert all(0.3 < v < 1.7 for v in volume), volume


def test_tissues_look_as_they_do_in_glioma_mri(atlas):
    options = replace(SICK, **(ONLY | {"ring": 1.0}), distractors=0.0, noise=(0.005, 0.01))
    t1, t1ce, t2, flair = range(4)
    dark = []  # oedema to white matter on T1; the bias field can turn a single case round
    for seed in range(6):
        phantom = draw(atlas, 40 + seed, options)
        labels, images = phantom.labels, phantom.images
        fluid = (images[t2] > images[t2][images[t2] > 0].quantile(0.97)) & (labels == 0)

        def typical(sequence, where, images=images):
            return float(images[sequence][where].median())

        oedema, rim, rest = labels == 2, labels == 3, (labels == 0) & (images[t1] > 0) & ~fluid
        assert typical(t1, fluid) < typical(t1, rest)
        dark.append(typical(t1, oedema) / float(images[t1][rest].quantile(0.75)))
        assert typical(t1ce, rim) > 1.1 * typical(t1ce, rest)
        assert typical(t1ce, rim) > typical(t1ce, oedema)
        assert typical(t2, oedema) > typical(t2, rest)
        assert typical(flair, fluid) < typical(flair, rest) < typical(flair, oedema)
    assert np.mean(dark) < 0.97


def test_shape_crops_and_pads_about_the_centre(atlas):
    whole = draw(atlas, 5)
    z, y, x = atlas.shape
    part = draw(atlas, 5, shape=(z - 6, y + 4, x - 10))
    assert torch.equal(part.labels[:, 2:-2], whole.labels[3:-3, :, 5:-5])
    assert torch.equal(part.images[:, :, 2:-2], whole.images[:, 3:-3, :, 5:-5])
    assert not part.images[:, :, :2].any()


def test_drawing_needs_only_torch_and_numpy(atlas_path):
    """With every other library made impossible to import, in a fresh interpreter."""
    code = f"""
import sys
for name in ("scipy", "SimpleITK", "nibabel", "nilearn", "skimage", "monai", "torchvision", "qtpy"):
    sys.modules[name] = None
import torch
from napari_acs.training.phantom import generate, load_atlas
phantom = generate(load_atlas({str(atlas_path)!r}), torch.Generator().manual_seed(0))
assert phantom.images.shape[0] == 4
print("drawn")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "drawn", done.stderr


def test_atlas_is_a_brain(atlas):
    assert 1300 < float((atlas.gm + atlas.wm + atlas.csf).sum()) * 27 / 1000 < 2000  # ml
    assert 20 < float(atlas.ventricles.sum()) * 27 / 1000 < 80
    assert ((atlas.gm + atlas.wm + atlas.csf) < 1.02).all()
    assert (atlas.ventricles <= atlas.csf + 1e-6).all()
    # LPS: the cerebellum (low) lies behind (large y) the middle of the box.
    low = (atlas.gm + atlas.wm)[: atlas.shape[0] // 5].sum((0, 2))
    middle = float((low * torch.arange(atlas.shape[1])).sum() / low.sum())
    assert middle > 0.5 * atlas.shape[1]


def test_bad_atlas_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"absent\.npz"):
        load_atlas(tmp_path / "absent.npz")
    np.savez(tmp_path / "other.npz", gm=np.zeros((2, 2, 2), np.uint8))
    with pytest.raises(BadInput, match="wm"):
        load_atlas(tmp_path / "other.npz")
    with pytest.raises(BadInput, match="too fine"):
        prepare_atlas(tmp_path / "fine.npz", 0.5)
