"""Make the pictures of the Correct panel, through scripts/with-display.

A real window on the phantom that comes with the plugin, driven as a user would. Look at them
before a commit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QSignalSpy, QTest
from qtpy.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QPushButton, QScrollArea
from scipy import ndimage
from superqt import QLabeledDoubleRangeSlider, QLabeledDoubleSlider

from napari_acs.viewer import demo
from napari_acs.viewer.virtual_screen import screen
from napari_acs.widgets.correct_dock import CorrectDock

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
LONGEST_MS = 120_000
AWAY = 0.92


class Pictures:
    """One window, and what a user does in it."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer(title="napari-acs")
        self.viewer.open_sample("napari-acs", "phantom_with_mask")
        self.viewer.window.resize(*demo.WINDOW)
        self.dock = CorrectDock(self.viewer)
        self.viewer.window.add_dock_widget(self.dock, name="Correct (napari-acs)", area="right")
        self.mask = self.dock.target.layer
        self.viewer.layers.selection.active = self.mask
        wait(self.dock.measuring.measured)
        QTest.qWait(1000)
        self.viewer.fit_to_view()

    def find(self, kind: Any, name: str) -> Any:
        """Return a part of the panel."""
        return self.dock.panel.findChild(kind, name)

    def click(self, name: str) -> None:
        """Click a button."""
        self.find(QPushButton, name).click()

    def tool(self, name: str) -> None:
        """Click a tool, and wait for it."""
        spy = QSignalSpy(self.dock.finished)
        self.click(name)
        assert spy.wait(LONGEST_MS), name

    def look_at(self, label: int) -> None:
        """Go to the middle of a label."""
        at = np.argwhere(self.mask.data == label).mean(axis=0).round()
        self.viewer.dims.point = self.mask.data_to_world(at)

    def drag(self, *pixels: tuple[int, int]) -> None:
        """Drag over the canvas, in pixels from where the sliders stand."""
        found = [w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop"]
        canvas = max(found, key=lambda w: w.width() * w.height())
        camera = self.viewer.scene.camera
        away = np.subtract(self.viewer.dims.point, camera.center)[-2:] * camera.zoom
        here = QPoint(canvas.width() // 2 + int(away[1]), canvas.height() // 2 + int(away[0]))
        left = Qt.MouseButton.LeftButton
        QTest.mousePress(canvas, left, pos=here + QPoint(*pixels[0]))
        for x, y in pixels[1:]:
            QTest.mouseMove(canvas, here + QPoint(x, y))
            QTest.qWait(30)
        QTest.mouseRelease(canvas, left, pos=here + QPoint(*pixels[-1]))

    def shoot(self, name: str, part: Any = None) -> None:
        """Write a picture once all is drawn, scrolled to a part of the panel.

        From a little further away, so that the letter A does not lie on the phantom's mark.
        """
        camera = self.viewer.scene.camera
        near = camera.zoom
        camera.zoom = AWAY * near
        QTest.qWait(1500)
        if part is not None:
            (area,) = self.dock.findChildren(QScrollArea)
            area.ensureWidgetVisible(part, 0, 20)
            QTest.qWait(300)
        file = IMAGES / name
        cursor, self.viewer.cursor.style = self.viewer.cursor.style, "standard"
        self.viewer.screenshot(str(file), canvas_only=False, flash=False)  # no circle of a brush
        self.viewer.cursor.style = cursor
        camera.zoom = near
        Image.open(file).convert("RGB").save(file, optimize=True)

    def brush(self) -> None:
        """Paint enhancing tumour, only where T1ce is bright; the range is shown."""
        self.look_at(3)
        images = self.find(QComboBox, "range_image")
        names = [images.itemText(i) for i in range(images.count())]
        images.setCurrentIndex(next(i for i, name in enumerate(names) if "t1ce" in name.lower()))
        images.activated.emit(images.currentIndex())
        (image,) = [layer for layer in self.viewer.layers if layer.name == images.currentText()]
        for layer in self.viewer.layers:
            if layer not in (image, self.mask) and layer.ndim == 3:
                layer.visible = False
        self.find(QComboBox, "region").setCurrentIndex(2)
        self.find(QLabeledDoubleSlider, "radius").setValue(6.0)
        low, high = map(float, image.contrast_limits)
        self.find(QLabeledDoubleRangeSlider, "range").setValue((low + 0.7 * (high - low), high))
        self.find(QCheckBox, "by_range").setChecked(True)
        self.find(QCheckBox, "show_range").setChecked(True)
        self.click("paint")
        self.drag((-80, 0), (-60, 10), (-40, 20), (-20, 30), (0, 40))
        self.dock.panel.folds["Measures"].collapse(animate=False)
        self.dock.panel.folds["Clean up"].expand(animate=False)
        self.shoot("correct-brush.png")

    def changes(self) -> None:
        """Show what was changed by the brush, and by smoothing."""
        self.find(QCheckBox, "show_range").setChecked(False)
        self.click("paint")
        self.find(QComboBox, "region").setCurrentIndex(0)
        self.tool("smooth")
        self.dock.panel.folds["Clean up"].collapse(animate=False)
        self.dock.panel.folds["Prediction"].expand(animate=False)
        shown = QSignalSpy(self.dock.differences.shown)
        self.find(QCheckBox, "only_changed").click()
        assert len(shown) or shown.wait(LONGEST_MS)
        self.shoot("correct-changes.png", self.find(QComboBox, "other_mask"))
        self.find(QCheckBox, "only_changed").click()

    def smart(self) -> None:
        """Take enhancing tumour out with the brush, and paint it anew by one click."""
        for _ in ("smoothing", "the brush"):
            self.click("undo")
        before = self.mask.data.copy()
        self.dock.panel.folds["Prediction"].collapse(animate=False)
        self.find(QComboBox, "region").setCurrentIndex(2)
        self.find(QCheckBox, "by_range").setChecked(False)
        self.click("erase")
        self.find(QLabeledDoubleSlider, "radius").setValue(9.0)
        self.drag((-55, -20), (-50, 0), (-40, 15))
        erased = self.mask.data != before
        self.click("smart_paint")
        spy = QSignalSpy(self.dock.finished)
        z = int(np.flatnonzero(erased.any(axis=(1, 2)))[0])
        deep = ndimage.distance_transform_edt(erased[z])
        at = self.mask.data_to_world((z, *np.unravel_index(deep.argmax(), deep.shape)))
        down, right = (np.subtract(at, self.viewer.dims.point) * self.viewer.scene.camera.zoom)[1:]
        self.drag((int(right), int(down)), (int(right), int(down)))
        assert len(spy) or spy.wait(LONGEST_MS)
        assert (erased & (self.mask.data == before)).sum() > 0.5 * erased.sum()
        self.shoot("correct-smart.png")

    def measures(self) -> None:
        """Show the measures, and diameters of which one end was dragged."""
        self.click("smart_paint")
        self.dock.panel.folds["Measures"].expand(animate=False)
        if self.dock.measuring.last is None:
            wait(self.dock.measuring.measured)
        QTest.qWait(3000)
        self.click("draw_diameters")
        lines = self.viewer.layers["diameters"]
        data = [np.array(line) for line in lines.data]
        data[0][0, 2] -= 4
        lines.data = data
        if self.dock.measuring.cost.found is None:
            wait(self.dock.measuring.cost.costed)
        self.shoot("correct-measures.png", self.find(QLabel, "cost"))
        self.viewer.close()


def wait(signal: Any) -> None:
    """Wait until a signal is emitted."""
    assert QSignalSpy(signal).wait(LONGEST_MS), "nothing came"


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    with screen():
        pictures = Pictures()
        pictures.brush()
        pictures.changes()
        pictures.smart()
        pictures.measures()
