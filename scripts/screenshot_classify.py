"""Make the picture of the Classify panel, through scripts/with-display.

A real window, driven as a user would. Look at it before a commit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QPushButton

from napari_acs.viewer import demo
from napari_acs.viewer.virtual_screen import screen
from napari_acs.widgets.classify_dock import ClassifyDock

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"


def card() -> None:
    """Show the sample, classified through the panel."""
    viewer = napari.Viewer(title="napari-acs")
    viewer.open_sample("napari-acs", "phantom_with_mask")
    viewer.window.resize(*demo.WINDOW)
    dock = ClassifyDock(viewer)
    viewer.window.add_dock_widget(dock, name="Classify (napari-acs)", area="right")

    def click() -> None:
        dock.panel.findChild(QPushButton, "classify").click()

    def shoot() -> None:
        viewer.screenshot(str(IMAGES / "classify-card.png"), canvas_only=False, flash=False)
        viewer.close()

    def ended(outcome: Any) -> None:
        QTimer.singleShot(500, shoot)

    dock.ready.connect(click)
    dock.finished.connect(ended)
    napari.run()


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    with screen():
        card()
