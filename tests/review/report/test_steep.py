"""Contours of a steep scan are the borders that its diameters were measured between."""

from __future__ import annotations

import numpy as np
import pytest
from review.measure.shapes import ellipsoid, grid_about, points_of
from review.report.reading_html import colours
from review.report.test_pictures import read
from scipy.spatial.transform import Rotation

from napari_acs.imaging import Volume
from napari_acs.review.measure.axial import axial_stack, upright
from napari_acs.review.measure.tumour import measure_tumour
from napari_acs.review.report.drawing import pictures_of
from napari_acs.review.report.picture import CALIPER, COLOURS
from napari_acs.review.report.steep import cut_regions

CENTRE = np.array([12.0, -7.0, 4.0])
TURN = Rotation.from_rotvec(np.radians(42) * np.array([1.0, 0.2, 0.1])).as_matrix()
GRID = grid_about(CENTRE, (0.9, 0.9, 5.0), 26.0, TURN)


def tumour():
    labels = 2 * ellipsoid(GRID, CENTRE, (20, 16, 18)).astype(np.uint8)
    labels[ellipsoid(GRID, CENTRE, (13, 11, 12))] = 3
    labels[ellipsoid(GRID, CENTRE, (7, 6, 7))] = 1
    return labels


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


@pytest.mark.parametrize(("label", "radii"), [(1, (20, 16, 18)), (3, (13, 11, 12))])
def test_borders_run_smoothly_between_thick_slices(label, radii):
    target = upright(GRID)
    region = (1, 2, 3) if label == 1 else (1, 3)
    truth = (((points_of(target) - CENTRE) / radii) ** 2).sum(-1) <= 1
    smooth = np.isin(axial_stack(tumour(), GRID, cut_regions).array, region)
    steps = np.isin(axial_stack(tumour(), GRID).array, region)

    assert dice(smooth, truth) > dice(steps, truth) + 0.01
    assert dice(smooth, truth) > 0.95


def test_regions_stay_nested_and_a_single_voxel_stays_to_be_seen():
    made = axial_stack(tumour(), GRID, cut_regions).array
    assert set(np.unique(made)) == {0, 1, 2, 3}
    core, enhancing = np.isin(made, (1, 3)), made == 3
    assert np.all((made > 0)[core])
    assert np.all(core[enhancing])
    one = np.zeros(GRID.shape, np.uint8)
    one[tuple(np.array(GRID.shape) // 2)] = 3
    assert set(np.unique(axial_stack(one, GRID, cut_regions).array)) == {0, 3}


def test_contours_of_a_picture_lie_on_the_lesion_and_its_diameter_ends_at_them():
    labels = np.where(tumour() > 0, 3, 0).astype(np.uint8)
    image = Volume(np.ones(GRID.shape, np.float32), GRID)
    shown = next(
        p
        for p in pictures_of(labels, GRID, measure_tumour(labels, GRID), {"t1ce": image})
        if "largest diameter of ET" in p.why
    )
    picture = read(shown.png)
    line, contour = (np.argwhere(colours(picture, c)) for c in (CALIPER, COLOURS["ET"]))
    far = line[np.linalg.norm(line - line.mean(axis=0), axis=1).argmax()]
    assert np.linalg.norm(contour - far, axis=1).min() < 1.2 * shown.pixels_per_mm + 3

    top, _, left, _ = shown.box
    rows, columns = ((contour + 0.5) / shown.pixels_per_mm / 0.9 - 0.5).T
    index = np.stack([left + columns, top + rows, np.full(len(rows), shown.level)], axis=1)
    off = upright(GRID).index_to_point(index) - CENTRE
    reach = np.linalg.norm(off, axis=1)
    true = reach / np.linalg.norm(off / (20, 16, 18), axis=1)
    assert np.mean(np.abs(reach - true)) < 0.5  # mm
