"""Make the pictures of the README and the guide: ``make screenshots``.

Real windows, driven as a user would; nothing is drawn afterwards. Look at them before a commit.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QComboBox, QPushButton

from napari_acs.viewer import demo
from napari_acs.viewer.virtual_screen import screen

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"


def segmented_sample() -> None:
    """Show the sample, segmented through the panel."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = demo.run(headless=True, out=Path(folder))
        assert outcome.screenshot is not None
        shutil.copy(outcome.screenshot, IMAGES / "segment.png")


def refusal() -> None:
    """Show the sentence in the panel when one layer is chosen for two sequences."""
    viewer = napari.Viewer(title="napari-acs")
    viewer.open_sample("napari-acs", "phantom")
    viewer.window.resize(*demo.WINDOW)
    _, dock = viewer.window.add_plugin_dock_widget("napari-acs", "Segment")

    def click() -> None:
        sequences = dock.panel.sequences
        box = sequences.findChild(QComboBox, "sequence_t2")
        box.setCurrentIndex(box.findText("FLAIR phantom (not a patient)"))
        dock.panel.findChild(QPushButton, "segment").click()
        QTimer.singleShot(300, shoot)

    def shoot() -> None:
        viewer.screenshot(str(IMAGES / "refusal.png"), canvas_only=False, flash=False)
        viewer.close()

    dock.ready.connect(click)
    napari.run()


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with screen():
        segmented_sample()
        refusal()
    for picture in sorted(IMAGES.glob("*.png")):
        print(picture)


if __name__ == "__main__":
    main()
