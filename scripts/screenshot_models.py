"""Make the pictures of the Models panel, of the sliders, of doubt, and of nothing found.

Real windows and real clicks on the phantom that comes with the plugin: nobody's head. The models
that are untrained or broken are made here, in a folder that goes away. Look at the
pictures before a commit.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import napari
import numpy as np
import torch
import torchvision
from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QSignalSpy, QTest
from qtpy.QtWidgets import QCheckBox, QListWidget, QPushButton, QScrollArea
from superqt import QLabeledDoubleSlider

from napari_acs.models.imports import import_model
from napari_acs.models.store import DEFAULT_ID, bundled_folder, user_folder
from napari_acs.viewer.virtual_screen import screen

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
PLUGIN = "napari-acs"
WINDOW = (1280, 980)
LONGEST_MS = 300_000


def wait(signal: Any) -> None:
    """Wait until a signal is emitted."""
    assert QSignalSpy(signal).wait(LONGEST_MS), "nothing came"


def copy_of_the_bundled(folder: Path, title: str, **changes: Any) -> None:
    """Write a bundle that differs from the bundled one in its ``model.json``."""
    shutil.copytree(bundled_folder() / DEFAULT_ID, folder)
    spec = json.loads((folder / "model.json").read_text())
    spec.update(id=folder.name, title=title, **changes)
    (folder / "model.json").write_text(json.dumps(spec))


def window(panel: str) -> tuple[napari.Viewer, Any]:
    """Open a window with one of the panels."""
    viewer = napari.Viewer(title="napari-acs")
    viewer.window.resize(*WINDOW)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, panel)
    return viewer, dock


def shoot(viewer: napari.Viewer, name: str) -> None:
    """Write a picture of the whole window once it is drawn."""
    QTest.qWait(500)
    viewer.screenshot(str(IMAGES / name), canvas_only=False, flash=False)


def models_panel() -> None:
    """Show the bundled model, which is chosen, an imported untrained one, and a broken one."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "densenet121.pth"
        torch.save(torchvision.models.densenet121().state_dict(), file)
        imported = import_model(file, user_folder())
    copy_of_the_bundled(user_folder() / "cut-short", "Cut short")
    (user_folder() / "cut-short" / "weights.safetensors").write_bytes(b"")
    viewer, dock = window("Models")
    viewer.window.resize(1280, 700)
    wait(dock.verified)
    dock.panel.table.selectRow(0)
    QTest.qWait(500)
    dock.grab().save(str(IMAGES / "models-panel.png"))
    viewer.close()
    for name in (imported.path.name, "cut-short"):
        shutil.rmtree(user_folder() / name)


def segment(viewer: napari.Viewer, dock: Any) -> None:
    """Open the phantom and click on Segment."""
    viewer.open_sample(PLUGIN, "phantom")
    QTest.qWait(1000)
    dock.findChild(QPushButton, "segment").click()
    wait(dock.finished)


def bring_down(dock: Any, part: Any) -> None:
    """Scroll the panel until a part of it is seen."""
    QTest.qWait(200)
    dock.findChild(QScrollArea).ensureWidgetVisible(part, 0, 40)


def doubts() -> None:
    """Show a mask after two sliders were moved, then the map of uncertainty at the first place."""
    viewer, dock = window("Segment")
    wait(dock.ready)
    segment(viewer, dock)
    places = dock.findChild(QListWidget, "places")
    for region, threshold in (("WT", 0.2), ("ET", 0.8)):
        dock.findChild(QLabeledDoubleSlider, f"threshold_{region}").setValue(threshold)
        wait(dock.confidence.ready)
    bring_down(dock, places)
    shoot(viewer, "confidence-sliders.png")
    dock.findChild(QPushButton, "reset_thresholds").click()
    wait(dock.confidence.ready)
    dock.findChild(QCheckBox, "show_uncertainty").click()
    QTest.mouseClick(
        places.viewport(),
        Qt.MouseButton.LeftButton,
        pos=places.visualItemRect(places.item(0)).center(),
    )
    for layer in viewer.layers:
        if layer.name.startswith("segmentation"):
            layer.visible = False  # what is below it is to be seen
    shoot(viewer, "uncertainty-layer.png")
    viewer.close()


def nothing_found() -> None:
    """Show the explanation where there is no tumour: the healthy half of the phantom, twice."""
    viewer, dock = window("Segment")
    wait(dock.ready)
    viewer.open_sample(PLUGIN, "phantom")
    for layer in viewer.layers:
        if isinstance(layer, Image):
            half = layer.data.shape[-1] // 2
            healthy = layer.data[..., :half]
            middle = layer.data[..., half : layer.data.shape[-1] - half]
            layer.data = np.concatenate([healthy, middle, healthy[..., ::-1]], axis=-1)
    QTest.qWait(1000)
    dock.findChild(QPushButton, "segment").click()
    wait(dock.finished)
    bring_down(dock, dock.findChild(QPushButton, "dismiss_nothing_found"))
    shoot(viewer, "nothing-found.png")
    viewer.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("DATA", "CONFIG"):
            os.environ[f"XDG_{kind}_HOME"] = folder
        with screen():
            models_panel()
            doubts()
            nothing_found()


if __name__ == "__main__":
    main()
