"""The midline of the sample, of copies of it that are turned, and of a brain that is a ball."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from imaging.geometries import make_grid
from imaging.moved import coarse_phantom, middle, placed, rigid
from review.measure.shapes import TURNS, points_of, turned

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Volume
from napari_acs.imaging.registration.resample import resample
from napari_acs.imaging.sample import sample_mask
from napari_acs.review.measure.midline import DOUBTFUL_OVERLAP, Midline, doubt_of, estimate_midline
from napari_acs.review.measure.plane import Plane, sidedness


@pytest.fixture(scope="module")
def phantom():
    return coarse_phantom()


def apart(one: Plane, other: Plane, centre):
    """Return the angle between two planes in degrees, and their distance at a point in mm."""
    cosine = abs(np.dot(one.normal_lps, other.normal_lps))
    angle = np.degrees(np.arccos(min(1.0, cosine)))
    return angle, abs(one.distance_mm([centre])[0] - other.distance_mm([centre])[0])


@pytest.fixture(scope="module")
def untouched(phantom):
    return estimate_midline(phantom["t1"])


def test_every_sequence_of_the_sample_has_one_midline_with_its_tumour_or_without(
    phantom, untouched
):
    tumour = sample_mask().array[::2, ::2, ::2] > 0
    centre = middle(phantom["t1"])
    assert untouched.overlap > 0.9
    assert abs(untouched.plane.normal_lps[0]) > 0.97
    left_out = {"t1": tumour, "t1ce": tumour, "t2": tumour, "flair": None}
    for name, region in left_out.items():
        found = estimate_midline(phantom[name], leave_out=region)
        angle, shift = apart(found.plane, untouched.plane, centre)
        assert angle < 2.0
        assert shift < 1.0
        assert found.overlap > 0.9


@pytest.mark.parametrize(
    "turn_deg", [(5.0, 20.0, -3.0), (0.0, -12.0, 25.0), (30.0, 8.0, 15.0)], ids=str
)
def test_the_midline_turns_with_the_head(phantom, untouched, turn_deg):
    volume = phantom["t1"]
    centre = middle(volume)
    matrix = rigid(centre, (12.0, -7.0, 5.0), turn_deg)
    moved = placed(volume, matrix)
    # New voxels on an upright grid, as another scanner would have taken them.
    size = tuple(int(n) + 20 for n in volume.grid.size)
    there = matrix[:3, :3] @ centre + matrix[:3, 3]
    spacing = np.asarray(volume.grid.spacing)
    origin = there - (np.asarray(size) - 1) / 2 * spacing
    upright = Grid(size, tuple(spacing), tuple(origin), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    found = estimate_midline(resample(moved, upright).volume)
    normal = matrix[:3, :3] @ untouched.plane.normal_lps
    point = matrix[:3, :3] @ untouched.plane.point_lps_mm + matrix[:3, 3]
    angle, shift = apart(found.plane, Plane(tuple(point), tuple(normal)), there)
    assert angle < 1.5
    assert shift < 1.0


def test_a_symmetric_brain_has_its_midline_to_a_degree():
    truth = Plane((4.0, 0.0, 0.0), (0.97, 0.2, -0.12))
    grid = make_grid(spacing=(2.0, 2.0, 2.0), origin=(-90.0, -110.0, -80.0), size=(94, 110, 80))
    points = points_of(grid)
    flat = points.reshape(-1, 3)
    away = np.abs(truth.distance_mm(flat)).reshape(grid.shape)
    normal = np.asarray(truth.normal_lps)
    along = (flat - np.outer(truth.distance_mm(flat), normal)).reshape(points.shape)
    brain = (away / 65) ** 2 + (along[..., 1] / 85) ** 2 + (along[..., 2] / 60) ** 2 < 1
    texture = np.sin(away / 9) + np.cos(along[..., 1] / 11) + np.sin(along[..., 2] / 7)
    image = Volume(np.where(brain, 100 + 20 * texture, 0).astype(np.float32), grid)
    found = estimate_midline(image)
    angle, shift = apart(found.plane, truth, (0.0, 0.0, 0.0))
    assert angle < 1.0
    assert shift < 0.3
    assert found.correlation > 0.95


@pytest.mark.parametrize("turn", TURNS[5::13], ids=str)
def test_the_order_of_the_axes_does_not_matter(phantom, untouched, turn):
    array, grid = turned(phantom["t1"].array, phantom["t1"].grid, *turn)
    found = estimate_midline(Volume(array, grid))
    angle, shift = apart(found.plane, untouched.plane, middle(phantom["t1"]))
    assert (angle, shift) == pytest.approx((0, 0), abs=1e-3)


@pytest.mark.parametrize("part", [0.3, 0.45])
def test_a_slab_that_shows_one_side_has_a_doubtful_midline(phantom, untouched, part):
    """Its sides and distances were given as those of any other."""
    volume = phantom["t1"]
    z, y, x = volume.array.shape
    box = (slice(0, z), slice(0, y), slice(0, int(part * x)))
    slab = Volume(np.ascontiguousarray(volume.array[box]), volume.grid.crop(box))
    found = estimate_midline(slab)
    assert found.overlap < DOUBTFUL_OVERLAP
    assert f"{found.overlap:.1%} of the head" in doubt_of(found)
    assert doubt_of(untouched) == ""
    edge = Midline(untouched.plane, 0.5, DOUBTFUL_OVERLAP)
    assert doubt_of(edge) == "" and doubt_of(replace(edge, overlap=DOUBTFUL_OVERLAP - 1e-3))


def test_where_there_is_no_brain_there_is_no_midline(phantom):
    volume = phantom["t1"]
    with pytest.raises(BadInput, match="one grid"):
        estimate_midline(volume, brain=np.ones((3, 3, 3), bool))
    with pytest.raises(BadInput, match="midline cannot be estimated"):
        estimate_midline(replace(volume, array=np.zeros_like(volume.array)))
    with pytest.raises(BadInput, match="midline cannot be estimated"):
        estimate_midline(volume, brain=np.zeros(volume.array.shape, bool))


@pytest.mark.parametrize(
    ("voxels", "side", "gap", "left_part"),
    [
        ((10, 14), "left", 4.75, 1.0),  # its border is at 9.5, the plane at 4.75
        ((0, 2), "right", 3.25, 0.0),
        ((5, 9), "left", 0.0, 1.0),  # the plane cuts its outermost voxel
        ((4, 10), "left", 0.0, 5 / 6),  # 1.25 mm beyond: within the error of a plane
        ((3, 10), "crossing", 0.0, 5 / 7),  # 2.25 mm beyond
    ],
)
def test_sides_are_the_patients_and_distances_end_at_the_voxels_border(
    voxels, side, gap, left_part
):
    mask = np.zeros((3, 3, 20), bool)
    mask[1, 1, slice(*voxels)] = True
    grid = make_grid(size=(20, 3, 3), origin=(-30.0, 0.0, 0.0))
    found = sidedness(mask, grid, Plane((-30.0 + 4.75, 5.0, 7.0), (-2.0, 0.0, 0.0)))
    assert (found.side, found.to_midline_mm) == (side, pytest.approx(gap))
    assert found.left_part == pytest.approx(left_part)
    # Seen in a mirror, x running to the right, the sides change.
    mirror = make_grid(np.diag([-1.0, 1, 1]), size=(20, 3, 3), origin=(30.0, 0.0, 0.0))
    there = sidedness(mask, mirror, Plane((30.0 - 4.75, 5.0, 7.0), (1.0, 0.0, 0.0)))
    assert there.side == {"left": "right", "right": "left", "crossing": "crossing"}[side]
    assert there.to_midline_mm == pytest.approx(gap)


def test_what_is_no_plane_is_refused():
    for point, normal in (((0, 0, 0), (0, 0, 0)), ((np.nan, 0, 0), (1, 0, 0))):
        with pytest.raises(ValueError, match="no plane"):
            Plane(point, normal)
