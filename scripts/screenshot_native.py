"""Make the pictures of a study as scanned, from check to mask: docs/images/native-*.png.

Needs the real cases (see tests/conftest.py). Look at the pictures before a commit; what may be
done with them is in docs/images/README.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import napari
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QPushButton, QToolButton

from napari_acs.viewer.demo import PLUGIN, WINDOW
from napari_acs.viewer.virtual_screen import screen

REPO = Path(__file__).resolve().parents[1]
IMAGES = REPO / "docs" / "images"
DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", REPO.parent / "shared" / "data"))
_LONGEST_MS = 300_000


def native_study() -> None:
    """Open four oblique sequences, see the red line, align, segment: a picture of each state."""
    folder = DATA / "tcga-lgg-native" / "TCGA-FG-6692"
    viewer = napari.Viewer(title="napari-acs")
    viewer.window.resize(*WINDOW)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Segment")
    _wait(lambda: dock.panel.model_id is not None)
    opened: list[bool] = []
    dock.opener.opened.connect(lambda: opened.append(True))
    dock.opener.open([str(folder)])
    _wait(lambda: bool(opened))
    _wait_for_check(dock)
    dock.findChild(QToolButton, "check_passed").click()
    _shoot(viewer, dock, "native-check.png")
    dock.findChild(QToolButton, "check_passed").click()
    moved: list[object] = []
    dock.preparation.moved.connect(moved.append)
    dock.findChild(QPushButton, "fix_align").click()
    _wait(lambda: bool(moved))
    _wait_for_check(dock)
    _shoot(viewer, dock, "native-aligned.png")
    ended: list[object] = []
    dock.finished.connect(ended.append)
    dock.findChild(QPushButton, "segment").click()
    _wait(lambda: bool(ended))
    for layer in viewer.layers:
        if layer.name.startswith("brain mask"):
            layer.visible = True
    _shoot(viewer, dock, "native-segmented.png")
    viewer.close()


def _wait_for_check(dock: object) -> None:
    checker = dock.preparation.checker
    _wait(lambda: not checker.waiting and bool(checker.lines))


def _wait(ready: Callable[[], bool]) -> None:
    for _ in range(_LONGEST_MS // 50):
        QTest.qWait(50)
        if ready():
            return
    raise TimeoutError("what the picture shows did not come")


def _shoot(viewer: napari.Viewer, dock: object, name: str) -> None:
    QTest.qWait(400)  # Qt lays out new rows in its next rounds
    viewer.screenshot(str(IMAGES / name), canvas_only=False, flash=False)
    print(IMAGES / name)


def main() -> None:
    with screen():
        native_study()


if __name__ == "__main__":
    main()
