"""What the Segment panel shows. It emits signals, and knows neither layers nor models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from magicgui.widgets import ComboBox, Container
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_acs.inference.messages import Progress
from napari_acs.widgets.catalogue import DEVICE_TITLES, Catalogue
from napari_acs.widgets.check_list import CheckList
from napari_acs.widgets.confidence_panel import ConfidencePanel
from napari_acs.widgets.fold import Fold
from napari_acs.widgets.message_box import MessageBox
from napari_acs.widgets.nothing_found import NothingFound
from napari_acs.widgets.preparation_form import PreparationForm
from napari_acs.widgets.queue_line import QueueLine
from napari_acs.widgets.sequence_form import SequenceForm, align_labels
from napari_acs.widgets.timing import time_left
from napari_acs.widgets.view_bar import ViewBar
from napari_acs.widgets.volume_table import VolumeTable

CONVENTIONS = (("1, 2, 4 (BraTS to 2021)", "1/2/4"), ("1, 2, 3 (BraTS from 2023)", "1/2/3"))
STAGE_TITLES = {
    "load": "Loading the model",
    "ready": "Making the study ready",
    "register": "Aligning the sequences",
    "brain": "Finding the brain",
    "prepare": "Preparing the study",
    "inference": "Segmenting: window",
    "finish": "Back to the study's grid",
}
_STEPS = 1000


class SegmentPanel(QWidget):
    """Boxes for sequences, model and device; Segment and Cancel; progress; volumes; Save mask."""

    open_clicked = Signal()
    segment_clicked = Signal()
    cancel_clicked = Signal()
    save_clicked = Signal(str)
    drops_toggled = Signal(bool)
    model_chosen = Signal()
    drop_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sequences = SequenceForm()
        self.preparation = PreparationForm()
        self.checks = CheckList()
        self.views = ViewBar()
        self.volumes = VolumeTable()
        self.confidence = ConfidencePanel()
        self.nothing = NothingFound()
        self.message = MessageBox()
        self._model = ComboBox(label="Model", choices=[("looking for models ...", None)])
        self._device = ComboBox(label="Device", choices=[(DEVICE_TITLES["auto"], "auto")])
        self._chosen_by_user = False
        self._model.changed.connect(lambda *_: self._on_model())
        self._flips = QCheckBox("Mirror (slower, steadier)")
        self._flips.setObjectName("flips")
        self._flips.setToolTip(
            "Segments the study and its mirror image and takes the mean: twice the time (the\n"
            "accurate model does so anyway), steadier borders, and the doubt can be shown."
        )
        self._convention = ComboBox(
            label="Labels",
            choices=CONVENTIONS,
            tooltip="The numbers that NCR, ED and ET get in the file",
        )
        self._open = _button("Open study folder ...", "open", self.open_clicked.emit)
        self._drops = QCheckBox("Open dropped MRI without asking")
        self._drops.setObjectName("drops")
        self._drops.setToolTip(
            "napari asks which reader is to open what you drop on its window.\n"
            "Tick this, and it opens MRI files and folders with napari-acs at once.\n"
            "(Also under Preferences > Plugins. On this panel, drops never ask.)"
        )
        self._drops.toggled.connect(self.drops_toggled)
        self._segment = _button("Segment", "segment", self.segment_clicked.emit)
        self._cancel = _button("Cancel", "cancel", self.cancel_clicked.emit)
        self._save = _button(
            "Save mask ...", "save", lambda: self.save_clicked.emit(self._convention.value)
        )
        self._waiting = QueueLine()
        self._waiting.drop_clicked.connect(self.drop_clicked)
        self._bar = QProgressBar()
        self._bar.setObjectName("progress")
        self._bar.setRange(0, _STEPS)
        self._stage = QLabel()
        self._stage.setObjectName("stage")
        self._mask_name = QLabel()
        self._mask_name.setObjectName("mask_name")
        self._mask_name.setWordWrap(True)
        self._lay_out()
        self.show_running(False)
        self.show_mask(None)

    @property
    def model_id(self) -> str | None:
        """Id of the chosen model, or None while there is none."""
        value: str | None = self._model.value
        return value

    @property
    def device(self) -> str:
        """Name of the chosen device."""
        return str(self._device.value)

    @property
    def flips(self) -> bool:
        """Whether the mean over mirrored inputs is wanted."""
        return self._flips.isChecked()

    def show_catalogue(self, catalogue: Catalogue) -> None:
        """Offer these models and devices; what the user chose stays while it is there."""
        before, device = self.model_id, self.device
        chosen = catalogue.to_choose(before, self._chosen_by_user)
        self._chosen_by_user &= chosen == before
        with self._model.changed.blocked(), self._device.changed.blocked():
            models = [(m.label, m.id) for m in catalogue.models]
            self._model.choices = models or [("none found", None)]
            self._model.value = chosen
            self._device.choices = [(DEVICE_TITLES.get(d, d), d) for d in catalogue.devices]
            self._device.value = device if device in catalogue.devices else catalogue.devices[0]
        self._model.tooltip = "\n".join(m.label for m in catalogue.models)

    def _on_model(self) -> None:
        self._chosen_by_user = True
        self.model_chosen.emit()

    def show_drops(self, on: bool) -> None:
        """Show whether napari opens dropped MRI with this plugin unasked."""
        self._drops.blockSignals(True)
        self._drops.setChecked(on)
        self._drops.blockSignals(False)

    def show_running(self, running: bool, *, locked: bool = False) -> None:
        """Show that a job runs, or that none does.

        While a study is segmented the next one can be chosen and asked for; a job that is to
        change the chosen layers themselves is ``locked``: nothing else can be asked for. No such
        job can be asked for while another one runs.
        """
        self._cancel.setEnabled(running)
        model = (self._model.native, self._device.native, self._flips)
        for part in (self._segment, self.sequences, self.preparation, *model):
            part.setEnabled(not locked)
        self.checks.set_enabled(not running)
        self._bar.setVisible(running)
        self._stage.setVisible(running)
        self._bar.setValue(0)
        self._stage.setText("Starting ..." if running else "")

    def show_progress(self, progress: Progress, elapsed_s: float) -> None:
        """Show the stage, how much of the whole job is done, and the time left."""
        self._bar.setValue(round(_STEPS * progress.fraction))
        stage = STAGE_TITLES.get(progress.stage, progress.stage)
        count = f" {progress.done} of {progress.total}" if progress.total > 1 else ""
        left = time_left(elapsed_s, progress.fraction)
        self._stage.setText(f"{stage}{count}" + (f", {left}" if left else ""))

    def show_waiting(self, studies: Sequence[str]) -> None:
        """Name the studies that are segmented after this one."""
        self._waiting.show_studies(studies)

    def show_cancelling(self) -> None:
        """Show that the job will stop after its current window."""
        self._cancel.setEnabled(False)
        self._stage.setText("Cancelling after this window ...")

    def show_mask(self, name: str | None) -> None:
        """Name the mask whose volumes are shown and that Save writes; None for no mask."""
        self._result.setVisible(name is not None)
        self._confidence.setVisible(name is not None)
        self._mask_name.setText(name or "")

    def open_confidence(self) -> None:
        """Unfold how sure the model is of the mask."""
        self._confidence.expand(animate=False)
        if (layout := self.layout()) is not None:
            layout.activate()  # else the rest is squeezed until Qt's round after next

    def _lay_out(self) -> None:
        model = Container(widgets=[self._model, self._device], labels=True)
        save = Container(widgets=[self._convention], labels=True)
        for form in (model, save):
            form.margins = (0, 0, 0, 0)
            align_labels(form)
        for box in (self._model, self._device, self._convention):
            box.native.setMinimumWidth(80)
        self._forms = (model, save)  # containers own their boxes
        buttons = QHBoxLayout()
        buttons.addWidget(self._segment, 2)
        buttons.addWidget(self._cancel, 1)
        self._result = _group("Mask", self._mask_name, self.volumes, save.native, self._save)
        self._confidence = _folded("Confidence", self.confidence)
        notice = QLabel("For research only. Not for clinical use.")
        notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self._open)
        layout.addWidget(self._drops)
        layout.addWidget(_group("View", self.views))
        layout.addWidget(_group("Sequences", self.sequences))
        layout.addWidget(_group("Check", self.checks))
        layout.addWidget(_folded("Preparation", self.preparation))
        layout.addWidget(_group("Model", model.native, self._flips))
        layout.addLayout(buttons)
        layout.addWidget(self._bar)
        layout.addWidget(self._stage)
        layout.addWidget(self._waiting)
        layout.addWidget(self.message)
        layout.addWidget(self.nothing)
        layout.addWidget(self._result)
        layout.addWidget(self._confidence)
        layout.addStretch(1)
        layout.addWidget(notice)


def _button(text: str, name: str, clicked: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.clicked.connect(lambda *_: clicked())
    return button


def _group(title: str, *widgets: QWidget) -> QGroupBox:
    group = QGroupBox(title)
    layout = QVBoxLayout(group)
    for widget in widgets:
        layout.addWidget(widget)
    return group


def _folded(title: str, widget: QWidget) -> Fold:
    """Return a group that is closed until somebody needs it."""
    group = Fold(title)
    group.setObjectName(title.lower())
    group.addWidget(widget)
    return group
