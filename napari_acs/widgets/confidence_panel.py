"""How sure the model is: thresholds, a map to look at, places to go to. Emits signals only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QLabeledDoubleSlider

from napari_acs.inference.maps import LEAST
from napari_acs.widgets.decimals import take_decimals
from napari_acs.widgets.wrapped import Wrapped

if TYPE_CHECKING:
    from napari_acs.inference.places import Place
    from napari_acs.models.spec import Region

_MOST = 0.99
_NONE = "No probabilities are kept for this mask."


class ConfidencePanel(QWidget):
    """One slider a region, a box for the map of uncertainty, a list of places.

    Signals: ``threshold_changed(region, threshold)`` for every move by the user, and
    ``threshold_settled()`` once the slider is let go; ``reset_clicked()``;
    ``uncertainty_toggled(bool)``; ``place_chosen(Place)``.
    """

    threshold_changed = Signal(str, float)
    threshold_settled = Signal()
    reset_clicked = Signal()
    uncertainty_toggled = Signal(bool)
    place_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sliders: dict[str, QLabeledDoubleSlider] = {}
        self._regions: tuple[Region, ...] = ()
        self._rows = QGridLayout()
        self._rows.setColumnStretch(1, 1)
        self._reset = QPushButton("Reset thresholds")
        self._reset.setObjectName("reset_thresholds")
        self._reset.setToolTip("Back to the thresholds of the model")
        self._reset.clicked.connect(lambda *_: self.reset_clicked.emit())
        self._note = _words("confidence_note")
        self._box = QCheckBox("Show uncertainty")
        self._box.setObjectName("show_uncertainty")
        self._box.toggled.connect(self.uncertainty_toggled)
        self._heading = _words("places_heading")
        self._list = QListWidget()
        self._list.setObjectName("places")
        self._list.setWordWrap(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setMinimumHeight(120)
        self._list.itemClicked.connect(self._on_item)
        self._list.itemActivated.connect(self._on_item)  # with the Enter key
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._rows)
        for widget in (self._reset, self._note, self._box, self._heading, self._list):
            layout.addWidget(widget)
        self.show_regions((), {})
        self.show_uncertainty(None, False)
        self.show_places(())

    def show_regions(self, regions: Sequence[Region], thresholds: Mapping[str, float]) -> None:
        """Show a slider for each region, outermost first; none, and why, where there are none."""
        if tuple(regions) != self._regions:
            self._rebuild(regions)
        self.show_thresholds(thresholds)
        self._reset.setVisible(bool(regions))
        self.show_note("" if regions else _NONE)

    def show_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Show these thresholds; no signal is emitted."""
        for name, slider in self._sliders.items():
            if name in thresholds and slider.value() != thresholds[name]:
                before = slider.blockSignals(True)
                slider.setValue(thresholds[name])
                slider.blockSignals(before)

    def allow(self, on: bool) -> None:
        """Whether the sliders can be moved."""
        for widget in (*self._sliders.values(), self._reset):
            widget.setEnabled(on)

    def show_note(self, text: str) -> None:
        """Show a sentence under the sliders, or none."""
        self._note.setText(text)
        self._note.setVisible(bool(text))

    def show_uncertainty(self, title: str | None, on: bool) -> None:
        """Offer the map with this title, or none; and show whether it is on screen."""
        self._box.setEnabled(title is not None)
        self._box.setToolTip(
            f"A layer with the {title}" if title is not None else f"There is none. {_NONE}"
        )
        before = self._box.blockSignals(True)
        self._box.setChecked(on)
        self._box.blockSignals(before)

    def show_places(self, places: Sequence[Place] | None) -> None:
        """List the places, most doubtful first; None while they are looked for."""
        self._list.clear()
        for rank, place in enumerate(places or (), start=1):
            item = QListWidgetItem(f"{rank}. {place.why}")
            item.setData(Qt.ItemDataRole.UserRole, place)
            item.setToolTip(
                f"{place.region}, {place.volume_ml:.2f} ml, score {place.score:.2f}. "
                "Click to move the view there."
            )
            self._list.addItem(item)
        if places is None:
            self._heading.setText("Looking for places in doubt ...")
        else:
            self._heading.setText("Look at these next:" if places else "No place is in doubt.")
        self._heading.setVisible(bool(self._regions))
        self._list.setVisible(bool(places))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Let the wheel scroll the panel: it must not change a mask on its way."""
        if event is not None and event.type() == QEvent.Type.Wheel:
            event.ignore()
            return True
        return bool(super().eventFilter(watched, event))

    def _rebuild(self, regions: Sequence[Region]) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setObjectName("")  # it lives until Qt's next round
                widget.hide()
                widget.deleteLater()
        self._sliders = {}
        self._regions = tuple(regions)
        for row, region in enumerate(regions):
            label = QLabel(region.name)
            slider = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
            slider.setObjectName(f"threshold_{region.name}")
            slider.setRange(min(LEAST, region.threshold), max(_MOST, region.threshold))
            slider.setSingleStep(0.01)  # type: ignore[arg-type]  # as QSlider says, not superqt
            slider.setPageStep(0.1)  # type: ignore[arg-type]
            slider.setValue(region.threshold)
            take_decimals(slider)
            for widget in (label, slider):
                widget.setToolTip(
                    f"{region.title}: a voxel belongs to it from this probability on.\n"
                    f"The model's own threshold is {region.threshold:g}."
                )
            slider.valueChanged.connect(partial(self._on_value, region.name))
            slider.sliderReleased.connect(self.threshold_settled)
            for part in (slider, *slider.findChildren(QWidget)):
                part.installEventFilter(self)
            self._sliders[region.name] = slider
            self._rows.addWidget(label, row, 0)
            self._rows.addWidget(slider, row, 1)

    def _on_value(self, region: str, value: float) -> None:
        self.threshold_changed.emit(region, float(value))
        if not self._sliders[region].isSliderDown():  # a key, or a number that was typed
            self.threshold_settled.emit()

    def _on_item(self, item: Any) -> None:
        self.place_chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def _words(name: str) -> QLabel:
    label = Wrapped()
    label.setObjectName(name)
    return label
