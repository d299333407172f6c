from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import SHARED_DATA, needs_shared_data

from napari_acs.imaging import (
    Grid,
    Volume,
    brain_box,
    foreground,
    is_skull_stripped,
    normalise,
    read_volume,
)


def head(background=0.0, noise=0.0, seed=0):
    """Draw a ball in a box: the brain of a skull-stripped volume, or a head in noisy air."""
    rng = np.random.default_rng(seed)
    z, y, x = np.ogrid[:24, :30, :36]
    ball = (z - 12) ** 2 + (y - 15) ** 2 + (x - 17) ** 2 < 81
    array = np.full(ball.shape, background) + np.abs(rng.normal(0, noise or 1e-9, ball.shape))
    if not noise:
        array[:] = background
    array[ball] = rng.normal(400, 60, np.count_nonzero(ball))
    return array, ball


@pytest.mark.parametrize("background", [0.0, -3.16])
def test_a_stripped_brain_is_what_differs_from_its_background(background):
    array, ball = head(background)
    np.testing.assert_array_equal(foreground(array), ball)
    tight = brain_box([ball])
    np.testing.assert_array_equal(foreground(array[tight]), ball[tight])


def test_dark_voxels_of_a_stripped_z_scored_brain_belong_to_it():
    array, ball = head()
    array[ball] = (array[ball] - 400) / 60
    assert (array[ball] < 0).any()
    np.testing.assert_array_equal(foreground(array), ball)


def test_a_head_in_noisy_air_is_found():
    array, ball = head(noise=15)
    array[12, 15, 17] = 3  # a hole in the head is head
    found = foreground(array)
    assert np.count_nonzero(found ^ ball) < 0.01 * np.count_nonzero(ball)
    assert found[12, 15, 17]


def test_the_box_holds_every_foreground_and_its_margin():
    one, other = np.zeros((2, 10, 11, 12), bool)
    one[3, 4, 5] = other[6, 4, 9] = True
    assert brain_box([one, other]) == (slice(3, 7), slice(4, 5), slice(5, 10))
    assert brain_box([one, other], (1, 2, 20)) == (slice(2, 8), slice(2, 7), slice(0, 12))
    assert brain_box([np.zeros((3, 4, 5), bool)]) == (slice(0, 3), slice(0, 4), slice(0, 5))


def test_normalised_brains_do_not_depend_on_the_scanner_s_scale():
    array, ball = head()
    array[ball.nonzero()[0][0], ball.nonzero()[1][0], ball.nonzero()[2][0]] = 1e6  # a bright vessel
    scaled = normalise(array, ball)
    assert scaled.dtype == np.float32
    assert not scaled[~ball].any()
    assert abs(scaled[ball].mean()) < 1e-5
    assert abs(scaled[ball].std() - 1) < 1e-5
    low, high = np.percentile(array[ball], (0.5, 99.5))
    clipped = np.clip(array[ball], low, high)
    np.testing.assert_allclose(scaled[ball], (clipped - clipped.mean()) / clipped.std(), atol=1e-4)
    np.testing.assert_allclose(normalise(array * 7 + 100, ball), scaled, atol=1e-3)


def test_outliers_end_at_five_deviations():
    array = np.zeros((10, 10, 10))
    array[0, 0, :] = 1  # one in a hundred: the percentiles keep it
    assert normalise(array, np.ones(array.shape, bool)).max() == 5


@pytest.mark.parametrize("inside", [np.zeros((4, 4, 4), bool), np.ones((4, 4, 4), bool)])
def test_an_empty_or_flat_brain_is_zero_and_never_nan(inside):
    np.testing.assert_array_equal(normalise(np.full((4, 4, 4), 7.0), inside), 0)


def test_a_skull_is_noticed_and_a_stripped_brain_is_not_suspected():
    assert is_skull_stripped(head()[0])
    assert is_skull_stripped(head(-3.16)[0])
    assert not is_skull_stripped(head(noise=15)[0])


@needs_shared_data
@pytest.mark.parametrize(
    ("pattern", "stripped"),
    [
        ("brats2021/*/*_t1ce.nii.gz", True),
        ("brats2013-two-channel/*/*lair*.nii.gz", True),
        ("tcga-lgg-native/*/brats_space/*bet.nii.gz", True),
        ("tcga-lgg-native/*/*.nii.gz", False),
        ("tcia-brain-tumor-progression/*/*Scan*.nii.gz", False),
        ("nrrd-two-rois/*image.nrrd", False),
    ],
)
def test_skulls_of_real_scans_are_noticed(pattern, stripped):
    files = sorted(SHARED_DATA.glob(pattern))
    assert files
    assert {is_skull_stripped(read_volume(file).array) for file in files} == {stripped}


def padded(volume, turn=0.0):
    """Resample to a box of 260 mm with zeros around, as registration to another grid does."""
    image = sitk.GetImageFromArray(volume.array.astype(np.float32))
    image.SetSpacing(volume.grid.spacing)
    centre = np.array(image.TransformContinuousIndexToPhysicalPoint(
        [(n - 1) / 2 for n in image.GetSize()]
    ))  # fmt: skip
    way = sitk.Euler3DTransform()
    way.SetCenter(centre.tolist())
    way.SetRotation(turn / 2, turn, -turn)
    box = sitk.Image(130, 130, 130, sitk.sitkFloat32)
    box.SetSpacing((2, 2, 2))
    box.SetOrigin((centre - 129).tolist())
    return sitk.GetArrayFromImage(sitk.Resample(image, box, way, sitk.sitkLinear, 0.0))


@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_zeros_round_a_head_do_not_make_it_a_brain(turn):
    array, _ = head(noise=15)
    volume = Volume(array, Grid((36, 30, 24), (5, 5, 5), (0, 0, 0), tuple(np.eye(3).ravel())))
    box = padded(volume, turn)
    assert np.count_nonzero(box == 0) > box.size / 3
    assert not is_skull_stripped(box)
    brain = Volume(np.where(head()[1], array, 0), volume.grid)
    assert is_skull_stripped(padded(brain, turn))


def test_a_z_scored_brain_on_zeros_has_no_air():
    array, ball = head()
    rng = np.random.default_rng(0)
    array[ball] = rng.standard_t(3, np.count_nonzero(ball))  # many values near 0, few far away
    assert is_skull_stripped(array)


def test_no_brain_is_as_large_as_a_head_without_air():
    array, ball = head()
    assert is_skull_stripped(array, voxel_ml=1500 / ball.sum())
    assert not is_skull_stripped(array, voxel_ml=3500 / ball.sum())


@needs_shared_data
@pytest.mark.parametrize(
    ("pattern", "stripped"),
    [
        ("brats2021/*82/*.nii.gz", True),  # the one with most dark voxels
        ("brats2018-2020-8bit/*2013_3*/*_*[1ert2].nii.gz", True),
        ("brats2013-two-channel/*3_1/*Std.nii.gz", True),
        ("tcga-lgg-native/*/brats_space/*t2_bet.nii.gz", True),
        ("tcga-lgg-native/*/*_t[12].nii.gz", False),
        ("nrrd-two-rois/*image.nrrd", False),
    ],
)
def test_skulls_of_real_scans_are_noticed_after_resampling(pattern, stripped):
    files = [f for f in sorted(SHARED_DATA.glob(pattern)) if "_seg" not in f.name]
    assert files
    for file in files:
        volume = read_volume(file)
        least = volume.array.min() if "brats2013" in str(file) else 0
        moved = Volume(volume.array.astype(np.float32) - np.float32(least), volume.grid)
        assert {is_skull_stripped(padded(moved, turn)) for turn in (0.0, 0.3)} == {stripped}, file
