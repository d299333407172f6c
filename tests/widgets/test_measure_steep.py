"""Diameters of tilted scans: in their own slices, or in an axial plane that is cut for them."""

# ruff: noqa: PLC0415
from __future__ import annotations

import json

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel
from review.measure.shapes import ellipsoid, grid_about, points_of
from scipy.spatial.transform import Rotation
from widgets.correct_case import WAIT, click, drag

from napari_acs.imaging import lps_grid
from napari_acs.review.measure.tumour import measure_tumour


def tilted(viewer, qtbot, tilt, values=(1, 2, 3)):
    """Open a panel on T1ce and a mask of an ellipsoid, of a tilted scan with slices of 1.5 mm."""
    from napari.layers import Layer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.viewer.layers import image_layer, labels_layer
    from napari_acs.widgets.correct_dock import CorrectDock

    turn = Rotation.from_euler("x", tilt, degrees=True).as_matrix()
    flipped = np.diag([-1.0, 1.0, -1.0])
    grid = grid_about(np.zeros(3), (1.0, 0.8, 1.5), 22.0, turn, flipped)
    inside = ellipsoid(grid, np.zeros(3), (8, 14, 10), turn)
    # Brightness says where a voxel is in the patient.
    x, y, z = np.moveaxis(points_of(grid), -1, 0)
    image = (1000 + 10 * y + 3 * x + 100 * z).astype(np.float32)
    info = LayerInfo(grid, None, "c", "t1ce")
    viewer.add_layer(Layer.create(*image_layer(image, info, "T1ce c")))
    labels = values[-1] * inside.astype(np.uint8)
    layer = viewer.add_layer(Layer.create(*labels_layer(labels, LayerInfo(grid, None, "c"), "m")))
    dock = CorrectDock(viewer)
    with qtbot.waitSignal(dock.measuring.cost.costed, timeout=WAIT):
        viewer.window.add_dock_widget(dock, name="Correct")
    plain = np.where(labels > 0, 3, 0).astype(np.uint8)
    return dock, layer, grid, measure_tumour(plain, grid).regions["ET"].largest_axial


def draw(dock, qtbot):
    """Draw diameters in a plane that is cut: its layers come one in each turn."""
    layers = dock.viewer.layers
    click(dock, "draw_diameters")
    qtbot.waitUntil(lambda: "diameters" in layers, timeout=WAIT)


def test_diameters_of_a_slightly_tilted_scan_lie_in_its_own_slices(viewer, qtbot):
    dock, layer, _, axial = tilted(viewer, qtbot, 20)
    click(dock, "draw_diameters")
    lines = viewer.layers["diameters"]
    lengths = [np.linalg.norm(np.subtract(*(line * layer.scale))) for line in lines.data]
    assert lengths == pytest.approx([axial.diameter.length_mm, axial.perpendicular.length_mm])
    assert "drag an end" in dock.said and len(viewer.layers) == 3


@pytest.mark.parametrize("values", [(1, 2, 3), (1, 2, 4)], ids=str)
def test_diameters_of_a_steep_scan_are_dragged_in_an_axial_plane(viewer, qtbot, tmp_path, values):
    dock, layer, grid, axial = tilted(viewer, qtbot, 40, values)
    dock.measuring.export._ask = lambda _, name: tmp_path / name
    draw(dock, qtbot)
    lines, shown = viewer.layers["diameters"], viewer.layers["axial plane"]
    outline = viewer.layers["axial plane, mask"]
    plane = shown.metadata["napari_acs_axial_plane"]
    assert "axial plane that was cut" in dock.said and "drag an end" in dock.said
    assert viewer.layers.selection.active is layer and dock.target.masks == [layer]
    for each in (shown, outline):
        assert not each.editable
        np.testing.assert_allclose(each.translate, lines.translate)
        np.testing.assert_allclose(each.scale, lines.scale)
    # It stands in the slice that is shown, beyond the scan, and hides nothing of it.
    assert round(shown.world_to_data(viewer.dims.point)[0]) == 0
    assert layer.world_to_data(viewer.dims.point)[0] >= layer.data.shape[0] + 0.5
    # What it shows, it shows where it is in the patient; the lines lie in it, along the mask.
    _, rows, columns = np.indices(shown.data.shape)
    index = np.stack([columns.ravel(), rows.ravel(), np.zeros(rows.size)], axis=1)
    x, y, z = plane.index_to_point(index).T
    seen = shown.data.ravel() > 0
    assert seen.mean() > 0.3
    expected = 1000 + 10 * y + 3 * x + 100 * z
    assert np.abs(shown.data.ravel() - expected)[seen].max() < 60, "half a voxel at the edge"
    assert np.median(np.abs(shown.data.ravel() - expected)[seen]) < 0.1
    truth = [np.array(line.ends_lps_mm) for line in (axial.diameter, axial.perpendicular)]
    for line, ends in zip(lines.data, truth, strict=True):
        np.testing.assert_allclose(plane.index_to_point(line[:, ::-1]), ends, atol=1e-4)
        for end in line:  # a quarter of a pixel beyond the centre of one of the mask's
            z0, y0, x0 = np.rint(end - 0.01 * np.sign(end - line.mean(axis=0))).astype(int)
            assert z0 == 0 and outline.data[0, y0, x0] == values[-1]
    assert dock.panel.findChild(QLabel, "by_hand").text() == ""

    assert lines._data_view._displayed.all() and lines.mode == "direct"
    lines.selected_data = {0}
    drag(dock, lines, lines.data[0][0], lines.data[0][0] + (0, 4, 3))
    moved = [np.array(line) for line in lines.data]
    ends = plane.index_to_point(moved[0][:, ::-1])
    assert ends[0, 2] == pytest.approx(ends[1, 2]), "still axial"
    long = np.linalg.norm(np.subtract(*ends))
    assert long != pytest.approx(axial.diameter.length_mm, abs=0.1)
    assert (
        f"{max(long, axial.perpendicular.length_mm):.1f} x"
        in dock.panel.findChild(QLabel, "by_hand").text()
    )
    on_scan = viewer.layers["diameters, on the scan"]
    viewer.dims.ndisplay = 3
    assert len(on_scan.data) == 2
    assert not (lines.visible or shown.visible or outline.visible), "they would float above it"
    back = lps_grid(grid).index_to_point(np.array(on_scan.data[0])[:, ::-1])
    np.testing.assert_allclose(back, ends, atol=1e-3)
    click(dock, "json_measures")
    record = json.loads((tmp_path / "measures.json").read_text())
    assert record["diameters_by_hand"]["product_mm2"] == pytest.approx(
        long * axial.perpendicular.length_mm
    )
    viewer.dims.ndisplay = 2
    assert lines.visible and shown.visible and outline.visible
    assert lines.mode == "direct" and lines.editable and not outline.editable
    viewer.layers.remove(lines)
    assert [each.name for each in viewer.layers] == ["T1ce c", "m"]


def test_diameters_of_a_steep_scan_are_seen_in_every_view_of_it(viewer, qtbot):
    dock, layer, _, _ = tilted(viewer, qtbot, 40)
    draw(dock, qtbot)
    flat = viewer.layers["diameters, on the scan"]
    assert not flat.editable
    viewer.dims.ndisplay = 3
    true = [np.array(line) for line in flat.data]
    viewer.dims.ndisplay = 2
    assert len(flat.data) == 6
    middle = true[0].mean(axis=0)
    world = layer.data_to_world(middle)
    for axis, order in enumerate(((0, 1, 2), (1, 0, 2), (2, 0, 1))):
        viewer.dims.order = order
        viewer.dims.point = world
        shown = [flat.data[i] for i in np.flatnonzero(flat._data_view._displayed)]
        pair = [line for line in shown if (line[:, axis] == np.round(middle[axis])).all()]
        assert len(pair) == 2, axis
        for one, line in zip(pair, true, strict=True):
            others = [each for each in range(3) if each != axis]
            np.testing.assert_allclose(one[:, others], line[:, others], atol=1e-4)
    # Drawn anew, and another mask: the plane goes with the lines.
    draw(dock, qtbot)
    assert len(viewer.layers) == 6
    click(dock, "draw_diameters")
    dock.measuring.follow(None)  # while the layers come
    qtbot.wait(500)
    assert [each.name for each in viewer.layers] == ["T1ce c", "m"]


def test_a_plane_that_was_cut_is_no_place_of_a_review_to_go_on_at(viewer, qtbot):
    from napari_acs.viewer.review_screen import CaseScreen

    dock, layer, _, _ = tilted(viewer, qtbot, 40)
    screen = CaseScreen(viewer)
    screen.mask = layer
    viewer.dims.point = layer.data_to_world((9, 8, 7))
    assert screen.at == (9, 8, 7)
    draw(dock, qtbot)
    assert screen.at is None, "the review keeps the place before"
    viewer.dims.point = layer.data_to_world((9, 8, 7))
    assert screen.at == (9, 8, 7)


def test_letters_are_those_of_the_plane_while_it_is_in_view(viewer, qtbot):
    from napari_acs.viewer.letters import tilt_note
    from napari_acs.viewer.view_letters import ViewLetters

    dock, layer, _, _ = tilted(viewer, qtbot, 40)
    letters = ViewLetters(viewer)
    scan = letters.edges
    assert len(scan.top) == 2 and "40°" in tilt_note(viewer)
    draw(dock, qtbot)
    plane = letters.edges
    assert {plane.top, plane.bottom} == {"A", "P"} and {plane.left, plane.right} == {"R", "L"}
    assert not tilt_note(viewer)
    viewer.dims.point = layer.data_to_world((10, 10, 10))
    assert letters.edges == scan and "40°" in tilt_note(viewer)
