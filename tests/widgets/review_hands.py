"""What a reader does in the Review panel, for its tests."""

# ruff: noqa: PLC0415
from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import numpy as np
from qtpy.QtWidgets import QPushButton

from napari_acs.review.session.database import reading
from napari_acs.review.session.replay import mask_at
from napari_acs.review.session.session import read_session

WAIT = 30_000


def open_session(dock, qtbot, path) -> None:
    with qtbot.waitSignal(dock.begun, timeout=WAIT):
        dock.panel.start.open.emit(path)


def click(dock, name: str) -> None:
    button = dock.panel.findChild(QPushButton, name)
    assert not button.isHidden() and button.isEnabled(), f"{name}: {dock.said}"
    button.click()


def step(dock, qtbot, name: str = "next") -> int:
    with qtbot.waitSignal(dock.begun, timeout=WAIT) as heard:
        click(dock, name)
    return heard.args[0]


@contextmanager
def saving(dock, qtbot):
    with qtbot.waitSignal(dock.saved, timeout=WAIT, check_params_cb=lambda saved: saved.changed):
        yield


def settle(dock, qtbot) -> None:
    """Wait until the session's thread has done and said all that it was asked."""
    done = []
    dock.cases.keeper.ask(lambda: None, done=done.append)
    qtbot.waitUntil(lambda: bool(done), timeout=WAIT)


def decide(dock, qtbot, name: str) -> None:
    click(dock, name)
    settle(dock, qtbot)


def close(dock, qtbot) -> None:
    dock.close_session()
    qtbot.waitUntil(lambda: dock.cases.now is None, timeout=WAIT)
    settle(dock, qtbot)


def mask(dock):
    return dock.cases.screen.mask


def paint(dock, qtbot, at, label: int = 3) -> None:
    with saving(dock, qtbot):
        layer = mask(dock)
        layer.n_edit_dimensions, layer.brush_size = 3, 3
        layer.paint(at, label)


def kept(path: Path, item: int) -> np.ndarray:
    """Return the mask of the reader's of an item, as the file has it, on its true grid."""
    with reading(path) as connection:
        state = read_session(path)
        own = [m for m in state.items[item].masks if state.masks[m].origin == "human"]
        return mask_at(connection, state.masks[own[-1]])


def add_segmentation(dock, value: int = 2):
    """Add what the Segment panel adds: a mask on the case's grid with its provenance."""
    from napari.layers import Layer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.viewer.layers import labels_layer
    from napari_acs.viewer.uncertainty_layer import uncertainty_layer

    info = dock.cases.images.infos[0]
    found = np.zeros(info.grid.shape, np.uint8)
    found[3:5, 3:6, 2:8] = value
    made = LayerInfo(
        info.grid, info.source, info.study, provenance={"model": {"id": "m-1"}}, prediction=found
    )
    unsure = np.full(info.grid.shape, 0.25, np.float16)
    dock.viewer.add_layer(Layer.create(*uncertainty_layer(unsure, info.grid, info.study, 1.0)))
    dock.viewer.add_layer(Layer.create(*labels_layer(found, made, f"segmentation {info.study}")))
    return found
