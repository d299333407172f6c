"""All measures at once: known shapes on any grid, flips and permutations, refusals."""

from __future__ import annotations

import json
import math
import threading
import time

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging.geometries import ORIENTATIONS, make_grid
from review.measure.shapes import TURNS, blob, ellipsoid, grid_about, labels, turned
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from napari_acs.errors import BadInput
from napari_acs.imaging import lps_grid, read_labels, to_lps
from napari_acs.imaging.cancel import Cancelled
from napari_acs.review.measure.feret import feret_mm
from napari_acs.review.measure.plane import Plane, sidedness
from napari_acs.review.measure.regions import REGIONS
from napari_acs.review.measure.tumour import measure_tumour

MIDLINE = Plane((3.0, 0.0, 0.0), (0.98, 0.15, -0.1))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    spacing=st.tuples(st.floats(0.5, 1.5), st.floats(0.5, 1.5), st.floats(0.5, 3.0)),
    radii=st.tuples(*[st.floats(7, 14)] * 3),
    orientation=st.sampled_from(ORIENTATIONS),
)
def test_an_ellipsoid_has_its_volume_centroid_and_diameter(seed, spacing, radii, orientation):
    rng = np.random.default_rng(seed)
    turn, axes = (Rotation.random(rng=rng).as_matrix() for _ in range(2))
    centre = rng.uniform(-60, 60, 3)
    grid = grid_about(centre + rng.uniform(-1, 1, 3), spacing, 17.0, turn, orientation)
    found = measure_tumour(2 * ellipsoid(grid, centre, radii, axes).astype(np.uint8), grid, MIDLINE)
    region, voxel = found.regions["WT"], max(spacing)
    truth = 4 / 3 * math.pi * math.prod(radii) / 1000
    assert region.volume_ml == pytest.approx(truth, rel=0.06)
    assert found.label_volume_ml["ED"] == region.volume_ml
    np.testing.assert_allclose(region.centroid_lps_mm, centre, atol=0.3 * voxel)
    assert abs(region.largest_3d_diameter_mm - 2 * max(radii)) < 1.2 * voxel
    assert len(region.lesions) == 1
    assert found.regions["TC"].volume_ml == 0
    assert found.regions["TC"].largest_axial is None
    # The support of an ellipsoid along a normal n is |radii * axes^T n|.
    normal = np.asarray(MIDLINE.normal_lps)
    away = MIDLINE.distance_mm([centre])[0]
    reach = np.linalg.norm(np.asarray(radii) * (axes.T @ normal))
    gap = max(0.0, abs(away) - reach)
    assert abs(region.midline.to_midline_mm - gap) < 1.2 * voxel
    if gap > voxel:
        assert region.midline.side == ("left" if away > 0 else "right")
    if reach - abs(away) > 2 + 2 * voxel:
        assert region.midline.side == "crossing"


def same(a, b, path=""):
    """Compare two results number by number, but for what names the array's own axes."""
    if isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for key in a.keys() - {"ends_index_zyx", "spacing_mm"}:
            same(a[key], b[key], f"{path}.{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            same(x, y, f"{path}[{i}]")
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-9, abs=1e-7), path
    else:
        assert a == b, path


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    turn=st.sampled_from(TURNS),
    spacing=st.tuples(*[st.sampled_from([0.8, 1.0, 2.5])] * 3),
    tilt=st.sampled_from([(0.0, 0.0, 0.0), (0.2, -0.1, 0.3), (0.6, 0.3, 0.0)]),
)
def test_flips_and_permutations_change_no_measure(seed, turn, spacing, tilt):
    array = labels(seed, (9, 12, 15))
    grid = make_grid(spacing=spacing, origin=(-4.0, 11.0, 2.0), tilt=tilt, size=(15, 12, 9))
    moved, its_grid = turned(array, grid, *turn)
    np.testing.assert_array_equal(to_lps(moved, its_grid), to_lps(array, grid))
    assert lps_grid(its_grid).difference(lps_grid(grid)) is None
    a, b = (
        measure_tumour(each, on, MIDLINE, smallest_lesion_ml=0.003)
        for each, on in ((array, grid), (moved, its_grid))
    )
    same(a.to_dict(), b.to_dict())


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(*[st.integers(1, 7)] * 3),
    spacing=st.tuples(*[st.floats(0.5, 4)] * 3),
)
def test_the_3d_diameter_is_the_largest_distance_of_all_surface_points(seed, shape, spacing):
    mask = blob(seed, shape, 0.3, 0.7)
    mask[0, 0, 0] = True
    steps = np.concatenate([np.eye(3), -np.eye(3)]) / 4
    points = (np.argwhere(mask)[:, None] + steps).reshape(-1, 3) * spacing
    assert feret_mm(mask, spacing) == pytest.approx(pdist(points).max())


def test_lesions_touch_by_corners_and_small_ones_do_not_count():
    mask = np.zeros((20, 20, 20), np.uint8)
    mask[2:6, 2:6, 2:6] = 3
    mask[6, 6, 6] = 3  # by its corner, the same lesion
    mask[12:17, 12:17, 12:17] = 3
    mask[2, 15, 15] = 3  # 1 voxel: none
    found = measure_tumour(mask, make_grid(size=(20, 20, 20)), smallest_lesion_ml=0.002)
    region = found.regions["ET"]
    assert [lesion.volume_ml for lesion in region.lesions] == pytest.approx([0.125, 0.065])
    assert region.ignored_ml == pytest.approx(0.001)
    assert region.volume_ml == pytest.approx(0.191)
    products = [lesion.axial.product_mm2 for lesion in region.lesions]
    assert region.sum_of_products_mm2 == pytest.approx(sum(products))
    assert region.measurable_lesions == 0
    one = measure_tumour(mask, make_grid(size=(20, 20, 20)), smallest_lesion_ml=0.002,
                         target_lesions=1)  # fmt: skip
    assert one.regions["ET"].sum_of_products_mm2 == pytest.approx(max(products))


def test_the_record_is_json_and_every_number_says_its_unit():
    found = measure_tumour(labels(3, (12, 20, 20), 0.0), make_grid(size=(20, 20, 12)), MIDLINE)
    record = found.to_dict()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    units = ("_ml", "_mm", "_mm2", "_deg", "_lps", "_zyx")
    without_unit = {"left_part", *REGIONS, "NCR", "ED", "ET"}

    def walk(value, key):
        if isinstance(value, dict):
            for name, each in value.items():
                inherited = key.endswith(units) and not name.endswith(units)
                walk(each, key if inherited else name)
        elif isinstance(value, list):
            for each in value:
                walk(each, key)
        elif isinstance(value, float):
            assert key.endswith(units) or key in without_unit, key

    walk(record, "")


def test_no_tumour_is_measured_as_none():
    found = measure_tumour(np.zeros((4, 5, 6), np.uint8), make_grid(size=(6, 5, 4)), MIDLINE)
    for region in found.regions.values():
        assert (region.volume_ml, region.largest_3d_diameter_mm, region.lesions) == (0, 0, ())
        assert (region.centroid_lps_mm, region.midline, region.largest_axial) == (None,) * 3
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 5, 7), np.uint8), "does not fit its grid"),
        (np.zeros((4, 5, 6), np.float32), "no label mask"),
        (np.full((4, 5, 6), 4, np.uint8), "the value 4"),
        (np.full((4, 5, 6), -1, np.int16), "the value -1"),
    ],
)
def test_what_is_no_mask_is_refused(array, words):
    with pytest.raises(BadInput, match=words):
        measure_tumour(array, make_grid(size=(6, 5, 4)))


@needs_shared_data
def test_a_real_mask_has_the_volumes_that_its_voxels_count():
    path = SHARED_DATA / "brats2021" / "BraTS2021_01479" / "BraTS2021_01479_seg.nii.gz"
    volume = read_labels(path)
    array = np.where(volume.array == 4, 3, volume.array).astype(np.uint8)
    found = measure_tumour(array, volume.grid)
    for name, values in REGIONS.items():
        region = found.regions[name]
        assert region.volume_ml == pytest.approx(np.isin(array, values).sum() / 1000)
        lesions = sum(lesion.volume_ml for lesion in region.lesions)
        assert lesions + region.ignored_ml == pytest.approx(region.volume_ml)
        axial = region.largest_axial
        assert axial.diameter.length_mm <= region.largest_3d_diameter_mm + 1e-9
        assert axial.perpendicular.length_mm <= axial.diameter.length_mm + 1e-9
        # The middles of both lines are inside the region.
        for line in (axial.diameter, axial.perpendicular):
            middle = np.rint(np.mean(line.ends_index_zyx, axis=0)).astype(int)
            assert array[tuple(middle)] in values


@pytest.mark.parametrize("nudge", [0.0, 3e-15, -3e-15])
def test_voxels_on_the_midline_count_half_on_either_side(nudge):
    """Whatever the last digit of their position says."""
    grid = make_grid(spacing=(1.0, 1.0, 1.0), origin=(-1.0, 0.0, 0.0), size=(3, 2, 2))
    plane = Plane((nudge, 0.0, 0.0), (1.0, 0.0, 0.0))
    on_it = np.zeros((2, 2, 3), bool)
    on_it[:, :, 1] = True
    assert sidedness(on_it, grid, plane).left_part == 0.5


@pytest.mark.parametrize("spacing", [(5.5, 1.0, 1.2), (1.0, 5.5, 1.2), (0.8, 3.0, 0.9)])
def test_the_3d_diameter_is_at_least_the_axial_one_also_with_elongated_voxels(spacing):
    grid = make_grid(spacing=spacing, size=(40, 40, 3))
    mask = np.zeros(grid.shape, np.uint8)
    mask[1, :30, :2] = 3
    mask[1, -2:, 4:34] = 3
    region = measure_tumour(mask, grid).regions["ET"]

    assert len(region.lesions) == 2
    for each in region.lesions:
        assert each.largest_3d_diameter_mm >= each.axial.diameter.length_mm
    assert region.largest_3d_diameter_mm >= region.largest_axial.diameter.length_mm


def test_a_mask_all_through_a_head_can_be_stopped_at_once():
    """Its diameters take minutes: most lines leave such a shape, and all are tried."""
    grid = make_grid(size=(160, 160, 40))
    mask = 2 * blob(0, grid.shape, level=0.0, sigma=2).astype(np.uint8)
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    asked = time.monotonic()
    with pytest.raises(Cancelled):
        measure_tumour(mask, grid, cancelled=stop.is_set)
    assert stop.is_set()
    assert time.monotonic() - asked < 20  # of minutes; a busy machine has seconds of its own
