"""A program for test_review_dock: paints in a real window until it is killed, or closes it.

    review_painting.py SESSION [close|quit]

Each stroke labels voxels with 7 that had another label; after each that is on the disk the number
of such voxels is said.
"""

from __future__ import annotations

import sys
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from napari_acs.widgets.review_dock import ReviewDock


def main(path: Path, end: str = "") -> None:
    viewer = napari.Viewer()
    dock = ReviewDock(viewer)
    viewer.window.add_dock_widget(dock, name="Review")
    timer = QTimer(dock)
    timer.setInterval(100)
    state = {"at": 0}

    def paint() -> None:
        layer = dock.cases.screen.mask
        at = np.unravel_index(state["at"], layer.data.shape)
        state["at"] += 1
        layer.data_setitem(tuple(np.array([i]) for i in at), 7)

    def saved(said) -> None:
        if said.changed:
            print("saved", said.steps, flush=True)
        if end and said.steps >= 3 and timer.isActive():
            timer.stop()  # once: what was asked before is still answered as the window closes
            paint()  # and not a moment to save it
            dock.panel.decide.note.setPlainText("typed last")
            print("painted", state["at"], flush=True)
            viewer.close() if end == "close" else QApplication.instance().quit()

    dock.saved.connect(saved)
    timer.timeout.connect(paint)
    dock.begun.connect(lambda _: timer.start())
    QTimer.singleShot(0, lambda: dock.open(path))
    napari.run()


main(Path(sys.argv[1]), *sys.argv[2:])
