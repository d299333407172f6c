"""Planes are held as in radiology, and letters are true: against the grid's own arithmetic."""

from __future__ import annotations

import itertools
from dataclasses import astuple

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from hypothesis import given
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image, Layer
from viewer.grids import AXES, any_grid, direction

from napari_acs.imaging import Grid, from_lps, read_volume
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import image_layer, labels_layer
from napari_acs.viewer.letters import Edges, edges, edges_on_canvas, letters_along, tilt_note
from napari_acs.viewer.reader import read
from napari_acs.viewer.view_letters import ViewLetters
from napari_acs.viewer.views import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    VIEWS,
    orientation_of,
    radiological,
    show_view,
    view_of,
)

ORDERS = list(itertools.permutations(range(3)))
ORIENTATIONS = list(itertools.product(("away", "towards"), ("up", "down"), ("left", "right")))


def layer_on(grid: Grid, name: str = "T1") -> Layer:
    return Layer.create(*image_layer(numbered(grid), LayerInfo(grid), name))


def numbered(grid: Grid) -> np.ndarray:
    return np.arange(np.prod(grid.shape), dtype=np.int32).reshape(grid.shape)


def grid_along(order, signs, tilt=(0.0, 0.0, 0.0)) -> Grid:
    return Grid((7, 6, 5), (0.9, 1.1, 5.5), (3.0, -4.0, 5.0), direction(order, signs, tilt))


def moved(grid: Grid, axis: int) -> np.ndarray:
    """How far one goes in the patient from the first to the last voxel shown along an axis."""
    shown, *_ = image_layer(numbered(grid), LayerInfo(grid), "T1")
    ends = shown[0, 0, 0], np.take(shown, -1, axis).ravel()[0]
    index = [np.unravel_index(voxel, grid.shape)[::-1] for voxel in ends]
    start, end = grid.index_to_point(index)
    return end - start


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (AXIAL, Edges(top="A", bottom="P", left="R", right="L")),
        (CORONAL, Edges(top="S", bottom="I", left="R", right="L")),
        (SAGITTAL, Edges(top="S", bottom="I", left="A", right="P")),
    ],
)
@pytest.mark.parametrize("axes", AXES)
def test_planes_are_radiological_for_every_way_a_file_may_lie(view, expected, axes):
    assert edges(grid_along(*axes), view.order[1:], view.orientation) == expected


@given(
    grid=any_grid(largest_tilt=25.0),
    order=st.sampled_from(ORDERS),
    orientation=st.sampled_from(ORIENTATIONS),
)
def test_a_letter_is_where_the_grid_puts_that_side(grid, order, orientation):
    vertical, horizontal = order[1:]
    down = moved(grid, vertical) * (-1 if orientation[1] == "up" else 1)
    right = moved(grid, horizontal) * (-1 if orientation[2] == "left" else 1)
    found = edges(grid, order[1:], orientation)
    for letters, way in zip(astuple(found), (-down, down, -right, right), strict=True):
        unit = way / np.linalg.norm(way)
        sizes = []
        for letter in letters:
            axis = {"L": 0, "R": 0, "P": 1, "A": 1, "S": 2, "I": 2}[letter]
            assert (unit[axis] > 0) == (letter in "LPS")
            sizes.append(abs(unit[axis]))
        assert sizes == sorted(sizes, reverse=True), "the nearest direction comes first"
        assert len(letters) == np.count_nonzero(np.abs(unit) > 0.25) >= 1


@pytest.mark.parametrize(
    ("vector", "letters"),
    [
        ((2.0, 0, 0), "L"),
        ((0, -0.96, 0.29), "AS"),
        ((0, -0.99, 0.14), "A"),
        ((-0.3, 0.5, -0.8), "IPR"),
    ],
)
def test_combined_letters_name_the_largest_part_first(vector, letters):
    assert letters_along(vector) == letters


@pytest.mark.parametrize("order", ORDERS)
def test_no_plane_is_ever_a_mirror_image(order):
    depth, vertical, horizontal = orientation_of(order)
    patient = {0: (0, 0, 1), 1: (0, 1, 0), 2: (1, 0, 0)}  # axes z, y, x in LPS
    away, up, right = (
        np.array(patient[axis]) * (1 if word in {"away", "up", "right"} else -1)
        for axis, word in zip(order, (depth, vertical, horizontal), strict=True)
    )
    assert np.array_equal(np.cross(right, up), -away), "right-handed, as the patient is"
    seen_from = {0: "I", 1: "A", 2: "L"}[order[0]]
    assert letters_along(-away) == seen_from


def viewer_with(*layers: Layer) -> ViewerModel:
    viewer = ViewerModel()
    for layer in layers:
        viewer.add_layer(layer)
    return viewer


@pytest.mark.parametrize("name", VIEWS)
def test_switching_keeps_the_point(grid, name):
    viewer = viewer_with(layer_on(grid))
    viewer.dims.current_step = (2, 3, 1)
    point = viewer.dims.point
    for other in (*VIEWS, name):
        show_view(viewer, other)
        assert viewer.dims.point == point
        assert view_of(viewer) is VIEWS[other]


def test_a_view_that_was_zoomed_into_stays_so_around_the_point(grid):
    viewer = viewer_with(layer_on(grid))
    viewer.dims.current_step = (2, 3, 1)
    show_view(viewer, "coronal")
    fitted = viewer.scene.camera.zoom
    show_view(viewer, "axial")
    viewer.scene.camera.zoom *= 4
    show_view(viewer, "coronal")
    assert viewer.scene.camera.zoom == pytest.approx(4 * fitted)
    assert np.allclose(viewer.scene.camera.center[1:], np.take(viewer.dims.point, (0, 2)))


def test_a_plane_comes_out_of_3d_and_of_a_series(grid):
    viewer = viewer_with(layer_on(grid), Image(np.zeros((2, 5, 6, 7))))
    viewer.dims.ndisplay = 3
    show_view(viewer, "sagittal")
    assert viewer.dims.ndisplay == 2
    assert viewer.dims.order == (0, 3, 1, 2)
    assert view_of(viewer) is SAGITTAL


def test_a_flat_picture_is_left_alone():
    viewer = viewer_with(Image(np.zeros((5, 6))))
    show_view(viewer, "coronal")
    assert viewer.dims.order == (0, 1)


def test_letters_follow_napari_s_own_buttons(grid):
    viewer = viewer_with(layer_on(grid))
    letters = ViewLetters(viewer)
    texts = viewer.canvas.overlays
    assert texts["napari_acs_letters_right"].text == "L"
    assert texts["napari_acs_letters_right"].visible
    for order in ORDERS:  # all that roll and transpose reach
        viewer.dims.order = order
        assert letters.edges == edges(grid, order[1:], orientation_of(order))
        assert viewer.scene.camera.orientation == orientation_of(order)
    show_view(viewer, "coronal")
    viewer.scene.camera.orientation2d = ("down", "left")  # by the user: kept, and told truly
    assert astuple(letters.edges) == ("I", "S", "L", "R")
    viewer.dims.ndisplay = 3
    viewer.scene.camera.set_view_direction((0, 0, -1), (0, 1, 0))
    # the axes are y, z, x: seen from the left, head up
    assert astuple(letters.edges) == ("S", "I", "A", "P")


def test_letters_can_be_turned_off_and_taken_away(grid):
    viewer = viewer_with(layer_on(grid))
    before = len(viewer.canvas.overlays)
    letters = ViewLetters(viewer)
    letters.on = False
    assert not any(viewer.canvas.overlays[f"napari_acs_letters_{s}"].visible for s in SIDES)
    assert letters.edges.top == "A"
    letters.on = True
    assert all(viewer.canvas.overlays[f"napari_acs_letters_{s}"].visible for s in SIDES)
    letters.close()
    assert len(viewer.canvas.overlays) == before
    show_view(viewer, "coronal")
    assert letters.edges.top == "A", "it follows no longer"
    assert len(viewer.layers) == 1


SIDES = ("top", "bottom", "left", "right")


def test_wrong_letters_are_never_shown(grid):
    viewer = viewer_with()
    letters = ViewLetters(viewer)
    assert letters.edges == Edges()
    ours = viewer.add_layer(layer_on(grid))
    assert letters.edges.top == "A"
    other = viewer.add_image(np.zeros((5, 6, 7)), name="from another reader")
    assert letters.edges == Edges(), "its orientation is not known"
    other.visible = False
    assert letters.edges.top == "A"
    ours.translate = ours.translate + 5
    assert letters.edges == Edges(), "it was moved"
    ours.translate = ours.translate - 5
    assert letters.edges.top == "A"
    with pytest.warns(UserWarning, match="Non-orthogonal"):
        ours.rotate = (90, 0, 0)
    assert letters.edges == Edges(), "it was turned"
    ours.rotate = (0, 0, 0)
    ours.visible = False
    assert letters.edges == Edges(), "nothing is shown"


def test_a_mask_alone_has_letters_and_a_mask_of_unknown_place_none(grid):
    labels = np.ones(grid.shape, np.uint8)
    viewer = viewer_with(Layer.create(*labels_layer(labels, LayerInfo(grid), "mask")))
    assert edges_on_canvas(viewer).top == "A"
    viewer.layers.clear()
    viewer.add_labels(np.ones((5, 6, 7), np.uint8))
    assert edges_on_canvas(viewer) == Edges()


def test_volumes_tilted_differently_share_what_both_have():
    flat, tilted = grid_along((0, 1, 2), (1, 1, 1)), grid_along((0, 1, 2), (1, 1, 1), (17, 0, 0))
    viewer = viewer_with(layer_on(tilted, "FLAIR"))
    radiological(viewer)
    both = edges_on_canvas(viewer).top
    assert both[0] == "A"
    assert len(both) == 2
    assert "17°" in tilt_note(viewer)
    viewer.add_layer(layer_on(flat))
    assert edges_on_canvas(viewer).top == "A"
    viewer.layers[0].visible = False
    assert tilt_note(viewer) == ""


@needs_shared_data
def test_a_real_oblique_series_is_shown_as_it_was_taken():
    (file,) = (SHARED_DATA / "tcga-lgg-native" / "TCGA-FG-6692").glob("*FLAIR*.nii.gz")
    viewer = viewer_with(*(Layer.create(*layer) for layer in read(str(file))))
    letters = ViewLetters(viewer)
    assert astuple(letters.edges) == ("AS", "PI", "R", "L")
    show_view(viewer, "sagittal")
    assert astuple(letters.edges) == ("SP", "IA", "AS", "PI")
    stored, layer = read_volume(file), viewer.layers[0]
    assert np.array_equal(from_lps(layer.data, stored.grid), stored.array)
    assert np.allclose(layer.scale, (5.5, 0.8984375, 0.8984375), atol=1e-3)
