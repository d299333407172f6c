"""The brush's part of the Correct panel: what to paint, how, and at which brightness."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QLabeledDoubleRangeSlider, QLabeledDoubleSlider

from napari_acs.viewer.overlays import values_of
from napari_acs.widgets.correct_regions import PAINTABLES, Paintable
from napari_acs.widgets.decimals import take_decimals
from napari_acs.widgets.scrolled import narrow

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_acs.review.correct import Ink

TOOLS = {
    "paint": ("Paint", "Drag over the image. What lies further in stays, and regions stay nested"),
    "erase": ("Erase", "Takes voxels out of the region; they become the next outer one"),
    "smart_paint": (
        "Smart paint",
        "Click: paints on as far as all images look like there, at most the radius away",
    ),
    "smart_erase": (
        "Smart erase",
        "Click: takes away as far as all images look like there, at most the radius away",
    ),
    "flood": ("Flood", "Click: paints all that hangs together there and is in the range below"),
    "take_back": ("Take back", "Click on a correction: this one becomes as predicted again"),
}
SMART = ("smart_paint", "smart_erase")
_LARGEST_MM = 30.0
_FIRST_MM = {"brush": 4.0, "smart": 15.0}
"""A smart click reaches farther than a brush: each keeps a radius of its own."""


class CorrectBrush(QWidget):
    """Region, tools, size, shape, and a range of brightness.

    Signals: ``tool_chosen(str)``, of no tool with no name; ``changed()`` for region, size and
    shape; ``range_changed()`` for image, limits and whether the range is shown.
    """

    tool_chosen = Signal(str)
    changed = Signal()
    range_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: list[Image] = []
        self._mm, self._kind = dict(_FIRST_MM), "brush"
        self._region = QComboBox()
        narrow(self._region)
        self._region.setObjectName("region")
        for each in PAINTABLES:
            self._region.addItem(each.text, each)
        self._region.currentIndexChanged.connect(lambda *_: self.changed.emit())
        self._tools: dict[str, QPushButton] = {}
        row = QGridLayout()
        for place, (name, (title, tip)) in enumerate(TOOLS.items()):
            button = QPushButton(title)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.clicked.connect(lambda on, name=name: self._on_tool(name, on))
            self._tools[name] = button
            row.addWidget(button, place // 2, place % 2)
        self._radius = QLabeledDoubleSlider()
        self._radius.setObjectName("radius")
        self._radius.setRange(0.5, _LARGEST_MM)
        self._radius.setValue(_FIRST_MM[self._kind])
        self._radius.setDecimals(1)
        self._radius.valueChanged.connect(lambda *_: self.changed.emit())
        take_decimals(self._radius)
        self._ball = _check("ball", "3D: a ball, not a disc", self.changed)
        self._by_range = _check("by_range", "Only brightness in the range", self.changed)
        self._image = QComboBox()
        narrow(self._image)
        self._image.setObjectName("range_image")
        self._image.activated.connect(lambda *_: self._on_image())
        self._range = QLabeledDoubleRangeSlider()
        self._range.setObjectName("range")
        self._range.setOrientation(Qt.Orientation.Horizontal)
        self._range.valueChanged.connect(lambda *_: self.range_changed.emit())
        self._show = _check("show_range", "Show the range", self.range_changed)
        form = QFormLayout()
        form.addRow("Region", self._region)
        form.addRow("Radius, mm", self._radius)
        bright = QFormLayout()
        bright.addRow("Sequence", self._image)
        bright.addRow("Range", self._range)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addLayout(row)
        layout.addWidget(self._ball)
        layout.addWidget(self._by_range)
        layout.addLayout(bright)
        layout.addWidget(self._show)

    @property
    def chosen(self) -> Paintable:
        """What is painted."""
        chosen: Paintable = self._region.currentData()
        return chosen

    @property
    def ink(self) -> Ink:
        """What a stroke leaves with the tool in hand."""
        return self.chosen.ink("erase" if self._tools["erase"].isChecked() else "paint")

    @property
    def radius_mm(self) -> float:
        """Of disc and ball, and the reach of a smart click."""
        return float(self._radius.value())

    @property
    def flat(self) -> bool:
        """Whether the brush is a disc in one slice."""
        return not self._ball.isChecked()

    @property
    def by_range(self) -> bool:
        """Whether the brush touches a range of brightness only."""
        return self._by_range.isChecked()

    @property
    def range_shown(self) -> bool:
        """Whether the range is to be seen on the canvas."""
        return self._show.isChecked()

    @property
    def image(self) -> Image | None:
        """Whose brightness counts."""
        index = self._image.currentIndex()
        return self._images[index] if 0 <= index < len(self._images) else None

    @property
    def images(self) -> tuple[Image, ...]:
        """The images on offer."""
        return tuple(self._images)

    @property
    def shown_limits(self) -> tuple[float, float]:
        """Where the slider's handles stand."""
        low, high = self._range.value()
        return float(low), float(high)

    @property
    def limits(self) -> tuple[float, float]:
        """Of the brightness, both included; a handle at the slider's end is no limit."""
        low, high = self.shown_limits
        first, last = self._range.minimum(), self._range.maximum()
        return -math.inf if low <= first else low, math.inf if high >= last else high

    def choose(self, name: str) -> None:
        """Choose a region or tissue by its name."""
        names = [each.name for each in PAINTABLES]
        self._region.setCurrentIndex(names.index(name))

    def show_tool(self, name: str) -> None:
        """Show which tool has the mouse; no signal is emitted."""
        for each, button in self._tools.items():
            button.setChecked(each == name)
        kind = "smart" if name in SMART else "brush"
        if name and kind != self._kind:
            self._mm[self._kind], self._kind = self.radius_mm, kind
            self._radius.setValue(self._mm[kind])

    def show_images(self, images: Sequence[Image]) -> None:
        """Offer these images; the chosen one stays while it is there."""
        before = self.image
        self._images = list(images)
        self._image.clear()
        self._image.addItems([image.name for image in images])
        places = [i for i, image in enumerate(images) if image is before]
        self._image.setCurrentIndex(places[0] if places else len(self._images) - 1)
        if not places:
            self._on_image()

    def show_no_range(self) -> None:
        """Show that the range is off the canvas; no signal is emitted."""
        before = self._show.blockSignals(True)
        self._show.setChecked(False)
        self._show.blockSignals(before)

    def _on_tool(self, name: str, on: bool) -> None:
        self.show_tool(name if on else "")
        self.tool_chosen.emit(name if on else "")

    def _on_image(self) -> None:
        image = self.image
        if image is not None:
            low, high = values_of(image)
            before = self._range.blockSignals(True)
            self._range.setDecimals(0 if high - low > 100 else 3)
            self._range.setRange(low, high)  # type: ignore[arg-type]
            middle = sum(map(float, image.contrast_limits)) / 2
            self._range.setValue((middle, high))
            take_decimals(self._range)
            self._range.blockSignals(before)
        self.range_changed.emit()


def _check(name: str, text: str, changed: Any) -> QCheckBox:
    box = QCheckBox(text)
    box.setObjectName(name)
    box.toggled.connect(lambda *_: changed.emit())
    return box
