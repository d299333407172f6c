"""A mask with images on a grid that has nothing of a default, in a viewer with the Correct dock."""

# ruff: noqa: PLC0415 (napari may be imported once the settings of the run are set)
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from qtpy.QtWidgets import QCheckBox, QComboBox, QPushButton

from napari_acs.imaging import Grid, to_lps

GRID = Grid((40, 36, 30), (0.9, 1.1, 2.0), (-30.0, 12.0, 7.0), (0, 0, 1, -1, 0, 0, 0, -1, 0))
"""Axes permuted and flipped, anisotropic: a mix-up of axes cannot go unseen."""
WAIT = 20_000


def labels() -> np.ndarray:
    """Return a tumour (z, y, x) on GRID with a hole, an island and a ring of ET."""
    made = np.zeros(GRID.shape, np.uint8)
    made[6:22, 8:26, 8:30] = 2
    made[9:19, 11:23, 12:26] = 1
    made[11:17, 13:21, 14:24] = 3
    made[13:15, 16:18, 18:20] = 1  # necrosis within the ring
    made[7, 9, 9] = 0  # a hole
    made[26, 30, 35] = 2  # an island
    return made


CENTRE = to_lps(labels(), GRID)
"""What the mask layer shows at first."""


def image() -> np.ndarray:
    """Return an image that is brighter the larger the label is."""
    noise = np.random.default_rng(1).normal(0, 1, GRID.shape)
    return (100 + 100.0 * labels() + noise).astype(np.float32)


def add_case(viewer, values=(1, 2, 3), prediction=None):
    """Add T1 and a mask as our reader does; return the mask's layer."""
    from napari.layers import Layer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.viewer.layers import image_layer, labels_layer

    info = LayerInfo(GRID, None, "Mustermann", "t1")
    viewer.add_layer(Layer.create(*image_layer(image(), info, "T1")))
    array = np.array([0, *values], np.uint8)[labels()]
    info = LayerInfo(GRID, None, "Mustermann", prediction=prediction)
    return viewer.add_layer(Layer.create(*labels_layer(array, info, "mask")))


def stored(layer) -> np.ndarray:
    """Return a layer's labels as they lie in the file, (z, y, x) on GRID."""
    from napari_acs.imaging import from_lps

    return from_lps(np.asarray(layer.data), GRID).copy()


def click(dock, name: str) -> None:
    """Click a button of the panel."""
    dock.panel.findChild(QPushButton, name).click()


def run(dock, qtbot, name: str):
    """Click a tool and return what it ended with."""
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        click(dock, name)
    assert heard.args[0] == name
    return heard.args[1]


def drag(dock, layer, *places) -> None:
    """Press on a voxel (z, y, x), drag to others, let go: as napari's canvas tells a layer."""
    event = SimpleNamespace(type="mouse_press", button=1, modifiers=(), position=None)
    event.position = layer.data_to_world(places[0])
    dims = dock.viewer.dims
    event.dims_displayed, event.dims_point = list(dims.displayed), list(dims.point)
    called = [callback(layer, event) for callback in layer.mouse_drag_callbacks]
    gestures = [gesture for gesture in called if gesture is not None]
    for gesture in gestures:
        next(gesture, None)
    for place in places[1:]:
        event.type, event.position = "mouse_move", layer.data_to_world(place)
        for gesture in gestures:
            next(gesture, None)
    event.type = "mouse_release"
    for gesture in gestures:
        next(gesture, None)


def find(dock, kind, name):
    return dock.panel.findChild(kind, name)


def choose(dock, region: str) -> None:
    """Choose a region in the panel."""
    box = find(dock, QComboBox, "region")
    box.setCurrentIndex([box.itemData(i).name for i in range(box.count())].index(region))


def depths(array):
    return np.array([0, 2, 1, 3])[array]


def undone(mask, before) -> None:
    """Undo once: the mask is what it was, bit for bit, and redo brings the change back."""
    changed = mask.data.copy()
    assert not np.array_equal(changed, before)
    mask.undo()
    np.testing.assert_array_equal(mask.data, before)
    mask.redo()
    np.testing.assert_array_equal(mask.data, changed)
    mask.undo()


def middle(region=1) -> np.ndarray:
    return np.argwhere(region == CENTRE).mean(axis=0).round()


def show(dock, mask, at) -> None:
    dock.viewer.dims.point = mask.data_to_world(at)


def half_cut_away(dock, mask, *, ball=True):
    """Make half of ET core, show the middle of that half, and choose ET; return the half."""
    gone = (CENTRE == 3) & (np.indices(CENTRE.shape)[1] > middle(3)[1])
    mask.data_setitem(np.nonzero(gone), 1)
    at = np.argwhere(gone)[gone.sum() // 2]
    show(dock, mask, at)
    choose(dock, "ET")
    find(dock, QCheckBox, "ball").setChecked(ball)
    return gone, at
