"""A second viewer model shows what the first one does, at the same point; and the crosshair."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer, Points

from napari_acs.viewer.crosshair import Crosshair, lines_through, pixel_of
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import image_layer, labels_layer
from napari_acs.viewer.mirror import Mirror
from napari_acs.viewer.views import show_view


@pytest.fixture
def image(grid):
    array = np.arange(np.prod(grid.shape), dtype=np.float32).reshape(grid.shape)
    return Layer.create(*image_layer(array, LayerInfo(grid), "T1"))


@pytest.fixture
def mask(grid):
    return Layer.create(*labels_layer(np.zeros(grid.shape, np.uint8), LayerInfo(grid), "mask"))


@pytest.fixture
def two(image, mask):
    source, copy = ViewerModel(), ViewerModel()
    source.add_layer(image)
    mirror = Mirror(source, copy)
    source.add_layer(mask)
    return SimpleNamespace(source=source, copy=copy, mirror=mirror)


def test_layers_come_go_and_change_places_together(two, image):
    assert [layer.name for layer in two.copy.layers] == ["T1", "mask"]
    two.source.add_layer(Points(np.zeros((1, 3)), name="mark"))
    two.source.layers.move(0, 3)
    assert [layer.name for layer in two.copy.layers] == ["mask", "T1"]
    assert two.copy.layers.selection.active is None, "keys in the other canvas must edit nothing"
    two.source.layers.remove(image)
    assert [layer.name for layer in two.copy.layers] == ["mask"]
    two.source.layers.clear()
    assert len(two.copy.layers) == 0


@pytest.mark.parametrize(
    ("index", "name", "value"),
    [
        (0, "visible", False),
        (0, "opacity", 0.3),
        (0, "contrast_limits", (3.0, 5.0)),
        (0, "gamma", 0.5),
        (0, "name", "T1 post"),
        (0, "interpolation2d", "nearest"),
        (0, "blending", "additive"),
        (1, "opacity", 0.2),
        (1, "contour", 2),
        (1, "selected_label", 3),
        (1, "show_selected_label", True),
    ],
)
def test_what_is_changed_on_a_layer_shows_on_its_twin(two, index, name, value):
    setattr(two.source.layers[index], name, value)
    shown = getattr(two.copy.layers[index], name)
    assert shown == pytest.approx(value) if isinstance(value, tuple) else shown == value


def test_colours_show_on_the_twin(two, image, mask):
    image.colormap = "red"
    assert two.copy.layers[0].colormap.name == "red"
    mask.colormap = {None: "white", 0: "transparent", 1: "blue"}
    assert np.allclose(two.copy.layers[1].get_color(1), (0, 0, 1, 1))


def test_a_stroke_and_its_undo_show_in_the_twin(two, mask):
    twin = two.copy.layers[1]
    assert twin.data is mask.data, "nothing is copied"
    assert not twin.editable
    refreshed = []
    twin.events.set_data.connect(lambda event: refreshed.append(True))
    voxel = tuple(np.array([step]) for step in two.copy.dims.current_step)
    mask.data_setitem(voxel, 2)
    assert refreshed
    assert twin.get_value(twin.data_to_world([int(v[0]) for v in voxel]), world=True) == 2
    refreshed.clear()
    mask.undo()
    assert refreshed
    two.source.dims.current_step = (1, 2, 3)
    two.source.dims.current_step = (2, 2, 3)
    refreshed.clear()
    mask.redo()
    assert refreshed, "also after a step of the slider"
    mask.data = np.ones_like(mask.data)
    assert twin.data is mask.data


def test_both_are_at_one_point_whichever_is_moved(two):
    two.source.dims.current_step = (1, 2, 3)
    assert two.copy.dims.point == two.source.dims.point
    two.copy.dims.current_step = (3, 2, 1)
    assert two.source.dims.current_step == (3, 2, 1)


def test_a_mirror_that_is_closed_lets_go(two, image, mask):
    twins = [weakref.ref(layer) for layer in two.copy.layers]
    two.mirror.close()
    image.opacity = 0.1
    two.source.dims.current_step = (1, 2, 3)
    two.source.add_layer(Points(np.zeros((1, 3))))
    assert len(two.copy.layers) == 0
    two.copy = two.mirror = None
    gc.collect()
    assert [ref() for ref in twins] == [None, None]


def press(viewer, *moves, position=(0.0, 0.0, 0.0), button=1):
    """Press, move through pixels, release, as napari's canvas tells its viewer."""
    event = SimpleNamespace(
        type="mouse_press", pos=(50, 60), position=position, button=button, modifiers=()
    )
    generator = viewer.mouse_drag_callbacks[-1](viewer, event)
    for pos in (*moves, None):
        if next(generator, None) is None and generator.gi_frame is None:
            return
        event.type = "mouse_release" if pos is None else "mouse_move"
        event.pos = pos or event.pos
    next(generator, None)


def test_a_click_moves_the_crosshair_and_a_pan_does_not(image, mask):
    viewer = ViewerModel()
    viewer.add_layer(image)
    Crosshair(viewer)  # the viewer holds it by its mouse callback
    there = tuple(image.data_to_world((1, 2, 3)))
    before = viewer.dims.point
    press(viewer, (50, 61), (80, 90), position=there)
    assert viewer.dims.point == before
    press(viewer, position=there, button=2)
    assert viewer.dims.point == before
    press(viewer, (51, 61), position=there)
    assert viewer.dims.point == pytest.approx(there)
    viewer.add_layer(mask)
    mask.mode = "paint"
    press(viewer, position=before)
    assert viewer.dims.point == pytest.approx(there), "a brush stroke is no click"


def test_the_crosshair_is_drawn_where_the_point_is(image):
    viewer = ViewerModel()
    crosshair = Crosshair(viewer)
    lines = [viewer.canvas.overlays[f"napari_acs_crosshair_{i}"] for i in range(4)]
    assert not any(line.visible for line in lines), "there is nothing to point at"
    viewer.add_layer(image)
    viewer.scene.camera.zoom = 2.0
    show_view(viewer, "coronal")
    for step in ((1, 2, 3), (4, 2, 5)):
        viewer.dims.current_step = step
        y, x = pixel_of(viewer)
        height, width = viewer.canvas.size
        camera = viewer.scene.camera
        z, _, right = viewer.dims.point
        assert y == pytest.approx(height / 2 - camera.zoom * (z - camera.center[1])), "head up"
        assert x == pytest.approx(width / 2 + camera.zoom * (right - camera.center[2]))
        assert [line.position for line in lines] == list(lines_through((y, x), (height, width)))
        assert all(line.visible for line in lines)
    viewer.dims.ndisplay = 3
    assert not any(line.visible for line in lines)
    viewer.dims.ndisplay = 2
    viewer.canvas.grid.enabled = True
    assert not any(line.visible for line in lines)
    crosshair.close()
    assert "napari_acs_crosshair_0" not in viewer.canvas.overlays
    viewer.dims.current_step = (0, 0, 0)
