"""A mask's layer is made lean, and napari's own tools work on it as on any other."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from napari.layers import Image, Labels, Layer

from napari_acs.viewer.make_layer import make_layer

CORNERS = ((8, 8), (8, 40), (40, 44), (44, 10))


def described():
    return np.zeros((3, 64, 64), np.uint8), {"name": "mask"}, "labels"


def made_for(viewer, layer):
    """What napari drew beside a layer so far."""
    return viewer.window._qt_viewer.canvas._layer_overlay_to_visual[layer]


class Mouse:
    """Moves over the real canvas, presses and lets go, at places (row, column)."""

    def __init__(self, viewer, qtbot):
        self.viewer, self.qtbot = viewer, qtbot

    def __call__(self, what, place, button=None):
        camera, (height, width) = self.viewer.scene.camera, self.viewer.canvas.size
        down, right = np.subtract(place, camera.center[-2:]) * camera.zoom
        pixel = round(width / 2 + right), round(height / 2 + down)
        events = self.viewer.window._qt_viewer.canvas._scene_canvas.events
        getattr(events, what)(pos=pixel, modifiers=(), button=button)
        there = partial(np.allclose, place, atol=2 / camera.zoom)
        # napari hears of moves every five milliseconds
        self.qtbot.waitUntil(lambda: there(self.viewer.cursor.position[-2:]), timeout=10_000)


def polygon(layer, mouse):
    layer.mode = "polygon"
    for corner in CORNERS:
        mouse("mouse_move", corner)
        mouse("mouse_press", corner, 1)
        mouse("mouse_release", corner, 1)
    mouse("mouse_double_click", CORNERS[0], 1)


def encircle(layer, mouse):
    layer.mode, layer.brush_size = "paint", 3
    mouse("mouse_press", CORNERS[0], 2)
    mouse("mouse_release", CORNERS[0], 2)
    for corner, other in pairwise((*CORNERS, CORNERS[0])):
        for part in (0, 0.25, 0.5, 0.75, 1):
            mouse("mouse_move", np.add(corner, part * np.subtract(other, corner)))


@pytest.mark.parametrize("drawn", [polygon, encircle])
def test_naparis_tools_draw_as_on_any_layer(viewer, drawn, qtbot):
    masks = []
    for make in (make_layer, lambda described: Layer.create(*described)):
        layer = viewer.add_layer(make(described()))
        viewer.dims.current_step = (1, 0, 0)
        qtbot.wait(50)  # the canvas gets its size
        layer.selected_label = 2
        drawn(layer, Mouse(viewer, qtbot))
        drawn_now = layer.data.copy()
        layer.undo()
        masks.append((drawn_now, layer.data.copy()))
        viewer.layers.remove(layer)
    assert np.count_nonzero(masks[0][0][1] == 2) > 500
    np.testing.assert_array_equal(masks[0], masks[1], err_msg="drawn, and after an undo")


def test_nothing_is_made_beside_a_mask_before_its_tool_is_chosen(viewer):
    layer = viewer.add_layer(make_layer(described()))
    assert not made_for(viewer, layer)
    layer.mode = "erase"
    assert not made_for(viewer, layer)
    layer.mode = "polygon"
    layer.mode = "paint"
    layer.mode = "pan_zoom"
    assert {type(each).__name__ for each in made_for(viewer, layer)} == {
        "LabelsPolygonOverlay",
        "LabelsBrushStrokeOverlay",
    }


def test_layers_are_what_is_described():
    layer = make_layer(described())
    assert isinstance(layer, Labels)
    assert layer.name == "mask"
    assert isinstance(make_layer((np.zeros((2, 2)), {}, "image")), Image)
