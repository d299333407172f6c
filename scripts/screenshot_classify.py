"""Make the pictures of the Classify panel, through scripts/with-display.

A real window, driven as a user would. Look at them before a commit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QPushButton, QScrollArea

from napari_acs.viewer import demo
from napari_acs.viewer.virtual_screen import screen
from napari_acs.widgets.classify_dock import ClassifyDock

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"


def pictures() -> None:
    """Show the sample, classified through the panel, and then why."""
    viewer = napari.Viewer(title="napari-acs")
    viewer.open_sample("napari-acs", "phantom_with_mask")
    viewer.window.resize(*demo.WINDOW)
    dock = ClassifyDock(viewer)
    viewer.window.add_dock_widget(dock, name="Classify (napari-acs)", area="right")
    names = iter(("classify-card.png", "classify-why.png"))

    def click(name: str) -> None:
        dock.panel.findChild(QPushButton, name).click()

    def shoot() -> None:
        name = next(names)
        viewer.screenshot(str(IMAGES / name), canvas_only=False, flash=False)
        if name == "classify-card.png":
            click("why")
        else:
            viewer.close()

    def ended(outcome: Any) -> None:
        (area,) = dock.findChildren(QScrollArea)
        area.ensureWidgetVisible(dock.panel.card.research)
        QTimer.singleShot(1000, shoot)

    dock.ready.connect(lambda: click("classify"))
    dock.finished.connect(ended)
    napari.run()


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    with screen():
        pictures()
