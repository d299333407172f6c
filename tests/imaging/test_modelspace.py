from __future__ import annotations

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging.geometries import ORIENTATIONS, make_grid, make_study, origins, tilts
from scipy.ndimage import center_of_mass, convolve1d, map_coordinates
from scipy.special import ive

from napari_acs.errors import BadInput
from napari_acs.imaging import (
    Study,
    Volume,
    brain_box,
    labels_to_model_space,
    lps_grid,
    normalise,
    read_labels,
    read_study,
    to_lps,
    to_model_space,
    to_study_grid,
)

CHANNELS = ("t1", "t1ce", "t2", "flair")
SIZE = (44, 36, 28)

orientations = st.sampled_from(ORIENTATIONS)
lengths = st.floats(0.8, 3.0)
spacings = st.tuples(lengths, lengths, lengths)


def blob(grid, point, radius):
    """Label the voxels within ``radius`` mm of a point in the world."""
    index = np.stack(np.meshgrid(*map(np.arange, grid.size), indexing="ij"), axis=-1)
    away = np.linalg.norm(grid.index_to_point(index.reshape(-1, 3)) - point, axis=1)
    return (away < radius).reshape(grid.size).T


def lesion(grid):
    """Two nested blobs away from the middle, so that no flip leaves them in place."""
    centre = grid.corners().mean(axis=0) + np.array([3.0, 2.0, -2.5])
    labels = blob(grid, centre, 7).astype(np.uint8) * 2
    labels[blob(grid, centre + 1, 4)] = 4
    return labels


def centroid(labels, grid):
    z, y, x = center_of_mass(labels)
    return grid.index_to_point([[x, y, z]])[0]


@settings(max_examples=60)
@given(orientations, spacings, origins, tilts)
def test_every_structure_stays_where_it_is_in_the_world(orientation, spacing, origin, tilt):
    grid = make_grid(orientation, spacing, origin, tilt, SIZE)
    study = make_study(grid)
    image = to_model_space(study, CHANNELS, (2.0, 2.0, 2.0))
    assert image.array.dtype == np.float32
    assert image.array.shape == (4, *image.grid.shape)
    assert image.grid.spacing == (2.0, 2.0, 2.0)
    assert image.present == (True, False, False, True)
    assert np.all(np.diag(np.reshape(image.grid.direction, (3, 3))) > 0.5)

    # The brain, and the lesion: into model space, and back onto the study's grid.
    brain = np.logical_or(*(v.array != 0 for v in study.sequences.values()))
    np.testing.assert_allclose(centroid(image.brain, image.grid), centroid(brain, grid), atol=0.5)
    labels = lesion(grid)
    there = labels_to_model_space(Volume(labels, grid), image)
    assert set(np.unique(there)) <= {0, 2, 4}
    np.testing.assert_allclose(
        centroid(there > 0, image.grid), centroid(labels > 0, grid), atol=0.7
    )
    back = to_study_grid((there > 0).astype(np.float32)[None], image, grid)[0]
    assert back.shape == grid.shape
    np.testing.assert_allclose(centroid(back, grid), centroid(labels > 0, grid), atol=0.7)
    overlap = 2 * np.count_nonzero((back >= 0.5) & (labels > 0))
    assert overlap / (np.count_nonzero(back >= 0.5) + np.count_nonzero(labels)) > 0.75


@settings(max_examples=60)
@given(orientations, spacings, origins, tilts)
def test_at_the_same_spacing_the_round_trip_is_the_identity(orientation, spacing, origin, tilt):
    grid = make_grid(orientation, spacing, origin, tilt, SIZE)
    image = to_model_space(make_study(grid), CHANNELS, lps_grid(grid).spacing)
    labels = np.random.default_rng(0).integers(0, 4, grid.shape).astype(np.uint8)
    there = labels_to_model_space(Volume(labels, grid), image)
    shares = np.stack([there == value for value in range(4)]).astype(np.float32)
    back = to_study_grid(shares, image, grid)
    inside = back.sum(axis=0) > 0.5
    # Model space is a box of voxels of the study, and holds the whole brain.
    brain = np.any([v.array != 0 for v in make_study(grid).sequences.values()], axis=0)
    assert inside[brain].all()
    assert np.count_nonzero(inside) > np.count_nonzero(brain)
    np.testing.assert_array_equal(back.argmax(axis=0)[inside], labels[inside])
    np.testing.assert_allclose(np.round(back), back, atol=1e-6)


@pytest.mark.parametrize("number", range(0, 48, 5))
def test_intensities_are_those_that_scipy_reads_at_the_same_points(number):
    # The oracle smooths in LPS order and interpolates at world points; ours goes by SimpleITK.
    grid = make_grid(ORIENTATIONS[number], (1.1, 0.9, 2.6), (40, -70, 12), (0.1, -0.2, 0.3), SIZE)
    study = make_study(grid, ("t2",))
    image = to_model_space(study, ("t2",), (2.0, 2.0, 2.0))
    array, whole = to_lps(study.sequences["t2"].array, grid), lps_grid(grid)
    brain = array != 0
    low, high = np.percentile(array[brain], (0.5, 99.5))
    clipped = np.clip(array, low, high)
    scaled = np.where(brain, (clipped - clipped[brain].mean()) / clipped[brain].std(), 0)
    for axis, source in enumerate(whole.spacing[::-1]):
        if (factor := 2.0 / source) > 1.05:
            # The discrete Gaussian (Lindeberg 1990), as ITK's, but not cut off.
            kernel = ive(np.arange(-15, 16), (factor**2 - 1) / 2.355**2)
            scaled = convolve1d(scaled, kernel, axis=axis, mode="nearest")
    index = np.stack(np.meshgrid(*map(np.arange, image.grid.size), indexing="ij"), axis=-1)
    at = whole.point_to_index(image.grid.index_to_point(index.reshape(-1, 3)))[:, ::-1].T
    expected = map_coordinates(scaled, at, order=1, mode="nearest").reshape(image.grid.size).T
    expected = np.where(image.brain, expected, 0)
    assert np.count_nonzero(image.brain) > 1000
    assert np.abs(image.array[0] - expected).max() < 0.05


def test_channels_come_in_the_bundle_s_order_and_missing_ones_are_zero():
    study = make_study(make_grid(size=SIZE), ("t1", "flair"))
    one = to_model_space(study, ("flair", "t2", "t1"), (1.5, 1.5, 1.5))
    two = to_model_space(study, ("t1", "flair"), (1.5, 1.5, 1.5))
    assert one.present == (True, False, True)
    assert not one.array[1].any()
    np.testing.assert_array_equal(one.array[[2, 0]], two.array)
    assert not np.array_equal(two.array[0], two.array[1])
    assert not one.array[:, ~one.brain].any()
    assert np.abs(one.array).max() <= 5


def test_model_space_is_centred_on_the_brain_s_box_and_covers_it():
    grid = make_grid(ORIENTATIONS[7], (0.9, 1.2, 1.7), tilt=(0.1, 0.2, 0.3), size=SIZE)
    study = make_study(grid, ("t1",))
    image = to_model_space(study, ("t1",), (2.0, 3.0, 1.5))
    whole = lps_grid(grid)
    margin = [int(np.ceil(5 / s)) for s in whole.spacing[::-1]]
    box = whole.crop(brain_box([to_lps(study.sequences["t1"].array, grid) != 0], margin))
    np.testing.assert_allclose(
        image.grid.corners().mean(axis=0), box.corners().mean(axis=0), atol=1e-6
    )
    extent = np.multiply(box.size, box.spacing)
    ours = np.multiply(image.grid.size, image.grid.spacing)
    assert np.all(ours >= extent - 1e-6)
    assert np.all((ours < extent + image.grid.spacing) | (np.array(image.grid.size) == 16))


def test_a_thin_brain_gets_empty_space_around_it():
    grid = make_grid(spacing=(4, 4, 6), size=(30, 30, 5))
    study = make_study(grid, ("t1",))
    image = to_model_space(study, ("t1",), (4.0, 4.0, 6.0))
    assert min(image.grid.shape) >= 16
    labels = (study.sequences["t1"].array > 0).astype(np.uint8)
    there = labels_to_model_space(Volume(labels, grid), image)
    back = to_study_grid(there[None].astype(np.float32), image, grid)[0]
    np.testing.assert_allclose(back, labels, atol=1e-6)


def test_an_empty_mask_stays_empty():
    grid = make_grid(size=SIZE)
    image = to_model_space(make_study(grid), CHANNELS, (2, 2, 2))
    assert not labels_to_model_space(Volume(np.zeros(grid.shape, np.uint8), grid), image).any()


def test_a_study_without_any_of_the_channels_is_refused():
    study = make_study(make_grid(size=SIZE), ("t1",))
    with pytest.raises(BadInput, match=r"only t1.*t2, flair"):
        to_model_space(study, ("t2", "flair"), (2, 2, 2))


@needs_shared_data
def test_a_real_case_keeps_its_tumour():
    folder = SHARED_DATA / "brats2021" / "BraTS2021_01479"
    study = read_study(folder)
    mask = read_labels(folder / "BraTS2021_01479_seg.nii.gz")
    image = to_model_space(study, CHANNELS, (2.0, 2.0, 2.0))
    assert image.present == (True,) * 4
    for channel in image.array:
        assert abs(channel[image.brain].mean()) < 0.1
        assert 0.7 < channel[image.brain].std() < 1.1
    there = labels_to_model_space(mask, image)
    for region in ((1, 2, 4), (1, 4), (4,)):
        before, after = np.isin(mask.array, region), np.isin(there, region)
        assert 8 * np.count_nonzero(after) == pytest.approx(np.count_nonzero(before), rel=0.03)
        np.testing.assert_allclose(
            centroid(after, image.grid), centroid(before, mask.grid), atol=0.3
        )
    whole = to_study_grid((there > 0).astype(np.float32)[None], image, study.grid)[0] >= 0.5
    truth = mask.array > 0
    assert 2 * np.count_nonzero(whole & truth) / (whole.sum() + truth.sum()) > 0.95


def test_nonzero_zscore_is_monais():
    monai = pytest.importorskip("monai.transforms")
    study = make_study(make_grid(ORIENTATIONS[0], (1.0, 1.0, 1.0), (0, 0, 0), (0, 0, 0), SIZE))
    array = study.sequences["t1"].array.astype(np.float32)
    array[array != 0] += np.random.default_rng(0).standard_cauchy(np.count_nonzero(array))
    monai_made = monai.NormalizeIntensity(nonzero=True, channel_wise=True)(array[None])[0]
    ours = normalise(array, array != 0, "nonzero-zscore")
    np.testing.assert_allclose(ours, np.asarray(monai_made), atol=2e-4)
    assert np.abs(ours).max() > 5  # outliers stay, as in no brain-zscore

    image = to_model_space(
        Study("outliers", {"t1": Volume(array, study.grid)}), ("t1",), (1.0,) * 3, "nonzero-zscore"
    )
    np.testing.assert_allclose(
        np.sort(image.array[image.array != 0])[-9:], np.sort(ours.ravel())[-9:]
    )


def test_a_spacing_that_a_file_rounds_gives_the_same_box():
    """A tilted scan of 1 mm says 0.9999999 mm in NIfTI, and 0.9999999999999999 in NRRD."""
    made = [
        to_model_space(
            make_study(make_grid(spacing=(s, s, s), size=SIZE)),
            CHANNELS,
            (2.0, 2.0, 2.0),
        )
        for s in (1.0, 0.9999999, 1 - 2**-53)
    ]
    for other in made[1:]:
        assert other.grid.size == made[0].grid.size
        np.testing.assert_allclose(other.array, made[0].array, atol=1e-3)
