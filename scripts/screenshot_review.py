"""Make the pictures of the Review panel, through scripts/with-display.

A real window on a session of the sample, driven as a user would. Look at them before a commit.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QComboBox, QPushButton, QScrollArea

from napari_acs.imaging import sample_study
from napari_acs.imaging.anonymous import write_anonymous
from napari_acs.viewer import demo
from napari_acs.viewer.review_desk import Saved
from napari_acs.viewer.review_files import make_session
from napari_acs.viewer.sample import true_mask_path
from napari_acs.viewer.virtual_screen import screen
from napari_acs.widgets.review_dock import ReviewDock

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
_FORM = """
fields:
  - {name: quality, type: choice, label: Image quality, options: [good, fair, poor], required: yes}
  - {name: longest, type: number, label: Longest diameter, unit: mm, min: 0, max: 250}
"""
_STUDIES = 4
_COLOURS = 256


def session_of_phantoms(folder: Path) -> Path:
    """Write a few studies, all of them the sample with some noise, and make a session of them."""
    draw = np.random.default_rng(0)
    study = sample_study()
    for number in range(_STUDIES):
        place = folder / "studies" / f"phantom-{number}"
        place.mkdir(parents=True)
        for sequence, volume in study.sequences.items():
            noisy = volume.array + draw.integers(0, 3 * number + 1, volume.array.shape)
            moved = type(volume)(noisy.astype(np.float32), volume.grid)
            write_anonymous(place / f"phantom_{sequence}.nii.gz", moved)
        shutil.copy(true_mask_path(), place / "phantom_seg.nii.gz")
    (folder / "form.yaml").write_text(_FORM)
    file = folder / "glioma.review"
    return make_session([folder / "studies"], "Ann", file, folder / "form.yaml")


def pictures(session: Path) -> None:
    """Show the new session's lines, then a case that is corrected."""
    viewer = napari.Viewer(title="napari-acs")
    viewer.window.resize(*demo.WINDOW)
    dock = ReviewDock(viewer)
    viewer.window.add_dock_widget(dock, name="Review (napari-acs)", area="right")
    find = dock.panel.findChild

    def shoot(name: str) -> None:
        target = IMAGES / name
        viewer.screenshot(str(target), canvas_only=False, flash=False)
        with Image.open(target) as picture:
            few = picture.convert("RGB").quantize(_COLOURS)
        few.save(target, optimize=True)

    def begin() -> None:
        find(QPushButton, "new").click()
        start = dock.panel.start
        start.studies.setText("/data/glioma/studies.csv")
        start.rater.setText("Ann")
        start.form.setText("form.yaml")
        start.file.setText("glioma.review")
        QTimer.singleShot(1000, work)

    def work() -> None:
        shoot("review-new.png")
        dock.begun.connect(begun)
        dock.open(session)

    def begun(item: int) -> None:
        if item == 1:
            find(QComboBox, "form_quality").setCurrentIndex(1)
            find(QPushButton, "accept").click()
            QTimer.singleShot(500, find(QPushButton, "next").click)
            return
        layer = dock.cases.screen.mask
        layer.brush_size, layer.selected_label, layer.mode = 5, 3, "paint"
        at = dock.cases.screen.at
        for shift in range(12):
            layer.paint((at[0], at[1] + 22, at[2] - 6 + shift), 3)
        dock.panel.decide.note.setPlainText("lower rim of the enhancing part was missed")
        dock.saved.connect(saved)

    def saved(said: Saved) -> None:
        if said.changed:
            dock.saved.disconnect(saved)
            QTimer.singleShot(5000, end)

    def end() -> None:
        shoot("review-case.png")
        (area,) = dock.findChildren(QScrollArea)
        bar = area.verticalScrollBar()
        bar.setValue(bar.maximum())
        QTimer.singleShot(500, whole)

    def whole() -> None:
        shoot("review-whole.png")
        viewer.close()

    QTimer.singleShot(1000, begin)
    napari.run()


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as where, screen():
        pictures(session_of_phantoms(Path(where)))
