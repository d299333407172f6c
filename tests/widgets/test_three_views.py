"""What the canvases really show: pictures are taken, and a bright spot is looked for in them."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from napari.layers import Layer
from napari.qt import QtViewer
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QCheckBox, QDockWidget, QLabel, QPushButton
from viewer.grids import direction

from napari_acs.imaging import Grid
from napari_acs.viewer.crosshair import pixel_of
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import image_layer, labels_layer
from napari_acs.widgets.view_bar import ViewBar
from napari_acs.widgets.view_control import ViewControl

LIES = {
    "as the patient": ((0, 1, 2), (1, 1, 1), (0, 0, 0)),
    "axes reversed": ((0, 1, 2), (-1, -1, -1), (0, 0, 0)),
    "sagittal slices": ((1, 2, 0), (-1, 1, -1), (0, 0, 0)),
    "coronal slices": ((0, 2, 1), (1, -1, 1), (0, 0, 0)),
    "oblique": ((0, 1, 2), (1, 1, 1), (20, 0, 0)),
    "doubly oblique": ((1, 2, 0), (-1, 1, 1), (14, -9, 18)),
}
SIZE_MM = np.array([54.0, 72.0, 66.0])  # of x, y, z in the patient, before any tilt
SLICE_MM = 5.5


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def bar(viewer, qtbot):
    viewer.window.resize(1100, 900)
    bar = ViewBar()
    bar.control = ViewControl(viewer, bar, bar)
    viewer.window.add_dock_widget(bar, name="Views")
    qtbot.wait(100)  # the canvas gets its size
    return bar


def grid_that_lies(order, signs, tilt) -> Grid:
    """0.9 x 0.9 x 5.5 mm, the slices along the last index axis, centred in the scanner."""
    spacing = np.array([0.9, 0.9, SLICE_MM])
    size = np.rint(SIZE_MM[list(order)] / spacing).astype(int)
    cosines = direction(order, signs, tilt)
    middle = np.reshape(cosines, (3, 3)) @ (spacing * (size - 1) / 2)
    return Grid(tuple(size), tuple(spacing), tuple(-middle), cosines)


def volume_with_spot(grid: Grid) -> np.ndarray:
    """Dark grey, with a bright spot near the left anterior superior corner of the head."""
    z, y, x = np.indices(grid.shape)
    points = grid.index_to_point(np.stack([x, y, z], -1).reshape(-1, 3))
    away = points - np.array([0.6, -0.6, 0.6]) * SIZE_MM / 2
    spot = (np.abs(away) < (4, 4, 6)).all(axis=1).reshape(grid.shape)
    return np.where(spot, 1.0, 0.25).astype(np.float32)


def show(viewer, grid: Grid) -> Layer:
    layer = Layer.create(*image_layer(volume_with_spot(grid), LayerInfo(grid), "T1"))
    layer.contrast_limits = (0, 1)
    viewer.add_layer(layer)
    viewer.dims.point = middle_of_spot(layer)
    QApplication.processEvents()  # the layer's controls take room from the canvas
    viewer.fit_to_view()
    return layer


def middle_of_spot(layer: Layer) -> np.ndarray:
    return np.array(layer.data_to_world(np.argwhere(layer.data == 1).mean(axis=0)))


def spot_in(picture: np.ndarray) -> np.ndarray:
    """Where the spot is, in pixels to the right of the canvas' middle and up."""
    found = np.argwhere((picture[..., :3] > 180).all(axis=-1))  # letters are yellow
    assert len(found) > 20
    y, x = found.mean(axis=0) - np.array(picture.shape[:2]) / 2
    return np.array([x, -y])


def sides(viewer) -> dict[str, str]:
    return {
        side: viewer.canvas.overlays[f"napari_acs_letters_{side}"].text
        for side in ("top", "bottom", "left", "right")
    }


def click(bar, name: str) -> None:
    bar.findChild(QPushButton, f"view_{name}").click()


@pytest.mark.parametrize("lie", LIES)
def test_the_picture_is_radiological_and_in_proportion(viewer, bar, lie):
    tilt = max(map(abs, LIES[lie][2]))
    note = bar.findChild(QLabel, "view_note")
    layer = show(viewer, grid_that_lies(*LIES[lie]))
    extent = np.multiply(layer.data.shape, layer.scale)
    expected = {  # the spot is left, anterior and superior
        "axial": (+1, +1, "R", "L", "A"),
        "coronal": (+1, +1, "R", "L", "S"),
        "sagittal": (-1, +1, "A", "P", "S"),
    }
    for plane, (right, up, left_letter, right_letter, top_letter) in expected.items():
        click(bar, plane)
        picture = viewer.screenshot(flash=False)
        x, y = spot_in(picture)
        assert (np.sign(x), np.sign(y)) == (right, up), plane
        letters = sides(viewer)
        assert letters["left"][0] == left_letter
        assert letters["right"][0] == right_letter
        assert letters["top"][0] == top_letter
        if tilt == 0:
            assert max(map(len, letters.values())) == 1
        grey = np.ptp(picture[..., :3].astype(int), axis=-1) < 8  # letters are yellow
        body = np.argwhere(grey & (picture[..., 0] > 40))
        high, wide = np.ptp(body, axis=0) + 1
        vertical, horizontal = extent[list(viewer.dims.displayed)]
        assert high / wide == pytest.approx(vertical / horizontal, rel=0.03), plane
    assert note.isVisible() == (tilt > 0)
    if lie == "oblique":
        assert sides(viewer) == {"top": "SA", "bottom": "IP", "left": "AI", "right": "PS"}
        assert "20°" in note.text()


def test_letters_are_true_in_3d_from_every_side(viewer, bar):
    layer = show(viewer, grid_that_lies(*LIES["sagittal slices"]))
    layer.rendering = "mip"
    viewer.dims.ndisplay = 3
    for axis in range(3):
        for sign in (1, -1):
            view = np.zeros(3)
            view[axis] = sign
            viewer.scene.camera.set_view_direction(view, np.roll(np.abs(view), 1))
            viewer.fit_to_view()
            x, y = spot_in(viewer.screenshot(flash=False))
            letters = sides(viewer)
            assert (x > 0) == (letters["right"] in tuple("LAS")), view
            assert (y > 0) == (letters["top"] in tuple("LAS")), view


def three(viewer, bar, qtbot) -> dict[str, QtViewer]:
    bar.findChild(QCheckBox, "view_three").click()
    views = bar.control.three
    qtbot.waitUntil(lambda: all(c.isVisible() for c in views.canvases), timeout=3000)
    qtbot.wait(200)  # sizes settle, planes are fitted
    return {view_plane(c): c.findChild(QtViewer) for c in views.canvases}


def view_plane(canvas) -> str:
    from napari_acs.viewer.views import view_of  # noqa: PLC0415

    return view_of(canvas.model).name


def test_three_views_show_one_point_under_one_crosshair(viewer, bar, qtbot):
    layer = show(viewer, grid_that_lies(*LIES["axes reversed"]))
    canvases = three(viewer, bar, qtbot)
    assert set(canvases) == {"coronal", "sagittal"}
    for plane, right in (("coronal", 1), ("sagittal", -1)):
        picture = canvases[plane].screenshot(flash=False)
        x, y = spot_in(picture)
        assert (np.sign(x), np.sign(y)) == (right, 1)
        row, column = pixel_of(canvases[plane].viewer)
        height, width = picture.shape[:2]
        dims, zoom = canvases[plane].viewer.dims, canvases[plane].viewer.scene.camera.zoom
        off = (middle_of_spot(layer) - dims.point)[list(dims.displayed)] * zoom
        assert column + off[1] == pytest.approx(width / 2 + x, abs=2)
        assert row - off[0] == pytest.approx(height / 2 - y, abs=2)
        blue = (picture[..., 2] > picture[..., 0] + 40).mean(axis=1)
        assert abs(int(blue.argmax()) - row) <= 2, "the line across is at the point"
    click(bar, "sagittal")
    assert {view_plane(c) for c in bar.control.three.canvases} == {"axial", "coronal"}


def test_a_click_in_one_view_moves_all(viewer, bar, qtbot):
    layer = show(viewer, grid_that_lies(*LIES["as the patient"]))
    viewer.dims.point = layer.data_to_world(np.array(layer.data.shape) // 2)
    coronal = three(viewer, bar, qtbot)["coronal"]
    before = viewer.dims.point
    native = coronal.canvas.native
    height, width = coronal.viewer.canvas.size
    at = QPoint(width // 2 + 40, height // 2 - 30)  # towards the left and the head
    qtbot.mouseMove(native, at)
    qtbot.mouseClick(native, Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: viewer.dims.point != before, timeout=2000)
    z, y, x = np.subtract(viewer.dims.point, before)
    zoom = coronal.viewer.scene.camera.zoom
    assert (z, y, x) == pytest.approx((30 / zoom, 0, 40 / zoom), abs=1.5)
    assert all(c.model.dims.point == viewer.dims.point for c in bar.control.three.canvases)
    assert viewer.layers.selection.active is layer


def test_a_stroke_in_the_window_is_seen_in_the_other_views(viewer, bar, qtbot):
    grid = grid_that_lies(*LIES["oblique"])
    layer = show(viewer, grid)
    coronal = three(viewer, bar, qtbot)["coronal"]
    mask = Layer.create(*labels_layer(np.zeros(grid.shape, np.uint8), LayerInfo(grid), "mask"))
    viewer.add_layer(mask)

    def green() -> int:
        picture = coronal.screenshot(flash=False).astype(int)
        red, green, blue = (picture[..., at] for at in range(3))
        return int(((green > red + 40) & (green > blue + 8)).sum())

    of_the_crosshair = green()
    mask.selected_label, mask.brush_size = 2, 9
    mask.paint(layer.world_to_data(viewer.dims.point), 2)
    assert green() > of_the_crosshair + 20
    mask.undo()
    assert green() == of_the_crosshair
    assert [each.name for each in viewer.layers] == ["T1", "mask"], "overlays are no layers"


def count_canvases() -> int:
    return sum(issubclass(type(each), QtViewer) for each in gc.get_objects())


def test_closing_leaves_nothing_behind(viewer, bar, qtbot):
    """By the box, then by the cross, then with the window: that one the fixture looks after."""
    show(viewer, grid_that_lies(*LIES["as the patient"]))
    gc.collect()
    alone = count_canvases()
    listening = len(viewer.dims.events.point.callbacks)
    box = bar.findChild(QCheckBox, "view_three")

    def closed():
        qtbot.waitUntil(lambda: bar.control.three is None, timeout=2000)
        qtbot.wait(100)
        gc.collect()
        assert not box.isChecked()
        assert count_canvases() == alone
        assert len(viewer.dims.events.point.callbacks) == listening
        assert not any("crosshair" in key for key in viewer.canvas.overlays)
        viewer.dims.current_step = (1, 2, 3)

    three(viewer, bar, qtbot)
    box.click()
    closed()
    viewer.layers.clear()
    box.click()
    show(viewer, grid_that_lies(*LIES["as the patient"]))
    planes = {view_plane(canvas) for canvas in bar.control.three.canvases}
    assert planes == {"coronal", "sagittal"}, "opened before the study was"
    dock = bar.window().findChild(QDockWidget, "Linked views (napari-acs)")
    dock.findChild(QPushButton, "QTitleBarCloseButton").click()
    del dock
    closed()
    three(viewer, bar, qtbot)
