"""Measures that follow the edits of a mask: in a worker, the latest alone on screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, QTimer, Signal, Slot
from qtpy.QtWidgets import QApplication, QWidget

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure
from napari_acs.review.measure.one_label import one_label_note
from napari_acs.viewer.active_time import active_seconds
from napari_acs.viewer.axial_view import best_image
from napari_acs.viewer.measuring import (
    Measured,
    MeasureRequest,
    grid_of,
    image_for_midline,
    images_of_study,
    measure,
    shot_of,
)
from napari_acs.viewer.same_voxels import same_voxels
from napari_acs.widgets.classify_edits import MaskEdits
from napari_acs.widgets.job import JobRunner
from napari_acs.widgets.matching import may_be_sequence, sequence_of
from napari_acs.widgets.measure_cost import MeasureCost
from napari_acs.widgets.measure_diameters import MeasureDiameters
from napari_acs.widgets.measure_export import MeasureExport
from napari_acs.widgets.measure_panel import say
from napari_acs.widgets.measure_table import text_of
from napari_acs.widgets.one_call import Call, Returned, call_job

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.viewer import Viewer

    from napari_acs.review.measure.plane import Plane
    from napari_acs.viewer.diameters import HandDiameters
    from napari_acs.viewer.predicted import FirstSeen
    from napari_acs.widgets.measure_panel import MeasurePanel

QUIET_MS = 500
LATE_MS = 2000
LATE = "Measuring the mask as it is now."
EARLIER = "What stands here is from before the edit."
_SOON = "Wait a second, and click again"
_DRAG = "Select the layer 'diameters' and drag an end to correct them."
_ACROSS = (
    "The scan is tilted, so they lie in an axial plane that was cut for them: it stands beyond the "
    "last slice. On the scan you see their projection, in 3D where they are."
)


class Measuring(QObject):
    """Measures one mask, again after every edit.

    Signals: ``measured(Measured or Failure)``, once it is shown; ``said(text, kind)``. What its
    corrections cost comes after: see `cost`.
    """

    measured = Signal(object)
    said = Signal(str, str)

    def __init__(
        self,
        viewer: Viewer,
        panel: MeasurePanel,
        before: FirstSeen,
        ask: Callable[[QWidget, str], Path | None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._panel = viewer, panel
        self._edits = MaskEdits(self, QUIET_MS)
        self._edits.settled.connect(self._measure)
        self._runner = JobRunner(call_job, self)
        self._runner.ended.connect(self._on_measured)
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(LATE_MS)
        self._late.timeout.connect(self._say_late)
        self._notes = ""
        self.cost = MeasureCost(panel.cost, before, self)
        self._midlines: WeakKeyDictionary[Image, tuple[Plane | None, str]] = WeakKeyDictionary()
        self.last: Measured | None = None
        self.diameters = MeasureDiameters(viewer, self)
        self.diameters.edited.connect(self._on_edited)
        self.export = MeasureExport(panel, ask)
        panel.draw_clicked.connect(self._on_draw)
        panel.copy_clicked.connect(self._on_copy)
        panel.json_clicked.connect(lambda: self._on_export("json"))
        panel.csv_clicked.connect(lambda: self._on_export("csv"))

    def follow(self, layer: Labels | None) -> None:
        """Measure this mask from now on."""
        self._abandon()
        self.cost.forget()
        self.last = None
        self._edits.follow(layer)
        self.diameters.forget()
        self._panel.show_measures(None)
        if layer is not None:
            self._edits.wait()

    def look_for_midline(self) -> None:
        """Measure again if images came that show where the midline is."""
        if self.last is not None and self.last.measures.midline_plane is None:
            self.last = None
            self._edits.wait()

    def rebase(self) -> None:
        """Compare anew: the mask may have another prediction now."""
        self.cost.forget()
        layer = self._edits.layer
        if layer is not None and self.last is not None and self._measures_are_of(layer):
            self.cost.work(layer, self.last.request.mask)

    @Slot()
    def _measure(self) -> None:
        layer = self._edits.layer
        if layer is None:
            return
        self.cost.look(layer)
        if self.last is not None and self._measures_are_of(layer):
            # Only another slice is shown, or an edit was undone.
            self._abandon()  # of what the mask was for a moment
            say(self._panel.state, self._notes)
            self.cost.work(layer, self.last.request.mask)
            self.diameters.look(layer)
            return
        images = self._images()
        try:
            mask = shot_of(layer, images)
        except BadInput as refusal:
            self._fail(Failure(refusal.sentence(), "", ""))
            return
        found = image_for_midline(mask, images, _sequence)
        known = None if found is None else self._midlines.get(found)
        plane, why = known or (None, "")
        image = None if found is None or known else (found.data, grid_of(found))
        request = MeasureRequest(mask, plane, image, why)
        self._abandon()  # of a mask that has been edited since
        self._runner.start(Call(lambda stop: measure(request, stop), found))
        self._late.start()
        self.diameters.look(layer)

    def _abandon(self) -> None:
        self._runner.abandon()
        self._late.stop()

    @Slot()
    def _say_late(self) -> None:
        """Say that what the table shows is not of the mask as it is; a moment needs no word."""
        say(self._panel.state, LATE if self.last is None else f"{LATE} {EARLIER}")

    def _images(self) -> list[Any]:
        return [each for each in self._viewer.layers if may_be_sequence(each)]

    @Slot(object, object)
    def _on_measured(self, call: Call, outcome: Returned | Failure) -> None:
        self._late.stop()
        if isinstance(outcome, Failure):
            self._fail(outcome)
            return
        self.last = outcome.value
        plane, why = self.last.measures.midline_plane, self.last.no_midline
        if call.about is not None:
            self._midlines[call.about] = plane, why
        notes = [each for each in (one_label_note(self.last.measures), why) if each]
        if self.last.measures.axial_resampled:
            tilt = self.last.measures.axial_tilt_deg
            notes.append(f"The scan is tilted by {tilt:.0f} degrees: axial planes were cut for it.")
        self._notes = " ".join(notes)
        self._panel.show_measures(self.last.measures, self._notes)
        self.measured.emit(self.last)
        layer = self._edits.layer
        if layer is not None and self._measures_are_of(layer):  # else it is measured again soon
            self.cost.work(layer, self.last.request.mask)

    def _fail(self, failure: Failure) -> None:
        self._late.stop()
        self.last = None
        self.cost.forget()
        self._panel.show_measures(None, failure.sentence())
        self.measured.emit(failure)

    def _measures_are_of(self, layer: Labels | None) -> bool:
        return (
            self.last is not None
            and layer is not None
            and same_voxels(self.last.request.mask.labels, layer.data)
        )

    def _measured(self) -> Measured:
        """Return the measures of the mask as it is now, not as it was before an edit."""
        if self.last is None or not self._measures_are_of(self._edits.layer):
            raise BadInput("The mask is not measured yet", do=_SOON)
        return self.last

    @Slot(str)
    def _on_draw(self, region: str) -> None:
        layer = self._edits.layer
        try:
            if layer is None:
                raise BadInput("There is no mask to measure", do="Open or make one")
            measured = self._measured()
            images = images_of_study(measured.request.mask, self._images(), _sequence)
            self.diameters.draw(region, measured, layer, best_image(images, region))
        except BadInput as refusal:
            self.said.emit(refusal.sentence(), "refusal")
            return
        how = f"{_ACROSS} {_DRAG}" if measured.planes else _DRAG
        self.said.emit(f"The diameters of {region} are drawn. {how}", "done")

    @Slot(object)
    def _on_edited(self, found: HandDiameters | BadInput | None) -> None:
        self._panel.show_by_hand(self.diameters.warning if found is None else found.sentence())

    @Slot()
    def _on_copy(self) -> None:
        board = QApplication.clipboard()
        try:
            found = self._measured()
        except BadInput as refusal:
            self.said.emit(refusal.sentence(), "refusal")
            return
        hand = self.diameters.by_hand
        if board is not None:
            notes = found.no_midline, one_label_note(found.measures)
            said = [text_of(found.measures), *notes, hand.sentence() if hand else ""]
            board.setText("\n".join(filter(None, said)))
            self.said.emit("The measures are on the clipboard.", "done")

    def _on_export(self, kind: str) -> None:
        try:
            measured = self._measured()
            if self.cost.pending:
                raise BadInput("The edit cost is not worked out yet", do=_SOON)
            layer = self._edits.layer
            active = active_seconds(layer) if layer is not None else None
            said = self.export.write(
                kind, measured, self.diameters.by_hand, self.cost.found, active
            )
        except BadInput as refusal:
            self.said.emit(refusal.sentence(), "refusal")
            return
        if said:
            self.said.emit(said, "done")


def _sequence(image: Image) -> str | None:
    return sequence_of(image)[0]
