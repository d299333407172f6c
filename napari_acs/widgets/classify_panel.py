"""What the Classify panel shows. It emits signals, and knows no viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_acs.widgets.catalogue import DEVICE_TITLES
from napari_acs.widgets.classify_card import ClassifyCard
from napari_acs.widgets.message_box import MessageBox
from napari_acs.widgets.sequence_form import SequenceForm

if TYPE_CHECKING:
    from napari_acs.inference.messages import Progress
    from napari_acs.models.spec import ClassifierSpec

Region = tuple[str, Any]
"""``"whole"``, ``"predicted"`` or ``"corrected"``, and the Labels layer or None."""
WHOLE: Region = ("whole", None)
_STEPS = 1000


class ClassifyPanel(QWidget):
    """Boxes for sequences, model, region and device; Classify and Cancel; progress; the card."""

    classify_clicked = Signal()
    cancel_clicked = Signal()
    region_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sequences = SequenceForm()
        self.card = ClassifyCard()
        self.message = MessageBox()
        self._specs: tuple[ClassifierSpec, ...] = ()
        self._regions: list[Region] = [WHOLE]
        self.model = _box("model")
        self.region = _box("region")
        self._device = _box("device")
        self._device.addItem(DEVICE_TITLES["auto"], "auto")
        self.model.currentIndexChanged.connect(lambda *_: self._on_model())
        self.region.activated.connect(lambda *_: self.region_chosen.emit())
        self.again = QCheckBox("Reclassify after edits")
        self.again.setObjectName("again")
        self.again.setChecked(True)
        self._classify = QPushButton("Classify")
        self._classify.setObjectName("classify")
        self._classify.clicked.connect(lambda *_: self.classify_clicked.emit())
        self._cancel = QPushButton("Cancel")
        self._cancel.setObjectName("cancel")
        self._cancel.clicked.connect(lambda *_: self.cancel_clicked.emit())
        self._progress = QProgressBar()
        self._progress.setRange(0, _STEPS)
        form = QFormLayout()
        form.addRow("Model", self.model)
        form.addRow("Region", self.region)
        form.addRow("Device", self._device)
        row = QHBoxLayout()
        row.addWidget(self._classify)
        row.addWidget(self._cancel)
        layout = QVBoxLayout(self)
        layout.addWidget(self.sequences)
        layout.addLayout(form)
        layout.addWidget(self.again)
        layout.addLayout(row)
        for part in (self._progress, self.message, self.card):
            layout.addWidget(part)
        layout.addStretch(1)
        self.show_running(False)

    @property
    def spec(self) -> ClassifierSpec | None:
        """The chosen model, or None."""
        row = self.model.currentIndex()
        return self._specs[row] if 0 <= row < len(self._specs) else None

    @property
    def chosen_region(self) -> Region:
        """The chosen region; the whole brain where the model takes no mask."""
        row = self.region.currentIndex()
        usable = self.region.isEnabled() and 0 <= row < len(self._regions)
        return self._regions[row] if usable else WHOLE

    @property
    def device(self) -> str:
        """Name of the chosen device."""
        return str(self._device.currentData())

    def show_devices(self, devices: Sequence[str]) -> None:
        """Offer these devices; what the user chose stays while it is there."""
        before = self.device
        self._device.clear()
        for name in devices:
            self._device.addItem(DEVICE_TITLES.get(name, name), name)
        self._device.setCurrentIndex(max(0, self._device.findData(before)))

    def show_models(self, specs: Sequence[ClassifierSpec]) -> None:
        """Offer these models."""
        self._specs = tuple(specs)
        self.model.clear()
        self.model.addItems([spec.title for spec in specs])

    def show_regions(self, regions: Sequence[tuple[str, Region]], chosen: Region) -> None:
        """Offer these titles and regions, and show which is chosen."""
        self._regions = [region for _, region in regions]
        self.region.clear()
        self.region.addItems([title for title, _ in regions])
        same = (i for i, r in enumerate(self._regions) if r[0] == chosen[0] and r[1] is chosen[1])
        self.region.setCurrentIndex(next(same, 0))

    def show_running(self, running: bool) -> None:
        """Show whether a job runs."""
        self._classify.setEnabled(not running)
        self.card.why.setEnabled(not running)
        self._cancel.setEnabled(running)
        self._progress.setVisible(running)
        self._progress.setValue(0)

    def show_progress(self, progress: Progress) -> None:
        """Show how far the job is."""
        self._progress.setValue(round(_STEPS * progress.fraction))

    def _on_model(self) -> None:
        takes = self.spec is not None and self.spec.input.needs_mask
        self.region.setEnabled(takes)
        self.again.setEnabled(takes)
        self.region.setToolTip("" if takes else "This model takes no mask: it sees the whole brain")


def _box(name: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setMinimumWidth(80)
    box.setMinimumContentsLength(12)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box
