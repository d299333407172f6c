"""What corrections of a mask cost: worked out by itself once they rest, in a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure
from napari_acs.viewer.active_time import active_seconds
from napari_acs.viewer.measuring import MaskCost, MaskShot, cost_of
from napari_acs.viewer.same_voxels import same_voxels
from napari_acs.widgets.job import JobRunner
from napari_acs.widgets.measure_panel import say
from napari_acs.widgets.one_call import Call, Returned, call_job

if TYPE_CHECKING:
    from napari.layers import Labels
    from qtpy.QtWidgets import QLabel

    from napari_acs.viewer.predicted import FirstSeen


class MeasureCost(QObject):
    """Keeps the edit cost of one mask on screen. Signal: ``costed(dict or Failure)``, once shown.

    Attributes
    ----------
    found : MaskCost or None
        What is shown, always of the mask as it is.
    """

    costed = Signal(object)

    def __init__(self, words: QLabel, before: FirstSeen, parent: QObject) -> None:
        super().__init__(parent)
        self._words, self._before = words, before
        self._runner = JobRunner(call_job, self)
        self._runner.ended.connect(self._on_ended)
        self._asked: MaskShot | None = None
        self.found: MaskCost | None = None

    @property
    def pending(self) -> bool:
        """Whether it is being worked out."""
        return self._runner.request is not None

    def forget(self) -> None:
        """Take away what is shown, and drop what is still to come."""
        self._runner.abandon()
        self.found = self._asked = None
        say(self._words, "")

    def look(self, layer: Labels) -> None:
        """Take away what is of the mask before an edit."""
        if self._asked is not None and not same_voxels(self._asked.labels, layer.data):
            self.forget()

    def work(self, layer: Labels, mask: MaskShot) -> None:
        """Work it out for a mask as it was measured, unless it is known; show the time anew."""
        if self._asked is not None and same_voxels(self._asked.labels, mask.labels):
            self.show(layer)
            return
        self.forget()
        try:
            before, against = self._before.of(layer), self._before.called(layer)
        except BadInput as refusal:
            say(self._words, refusal.sentence())
            return
        self._asked = mask
        self._runner.start(Call(lambda _: cost_of(mask, before, against), layer))

    def show(self, layer: Labels) -> None:
        """Show what is known, and how long the reader has been at it by now."""
        if self.found is not None:
            say(self._words, text_of(self.found, active_seconds(layer)))

    @Slot(object, object)
    def _on_ended(self, call: Call, outcome: Returned | Failure) -> None:
        if isinstance(outcome, Failure):
            say(self._words, outcome.sentence())
            self.costed.emit(outcome)
            return
        if not same_voxels(outcome.value.labels, call.about.data):
            self._asked = None  # edited meanwhile: it is measured again, and then compared
            return
        self.found = outcome.value
        self.show(call.about)
        self.costed.emit(outcome.value.costs)


def text_of(cost: MaskCost, active_s: float | None) -> str:
    """Return the edit cost as lines of text."""
    lines = [f"Against {cost.against}:"] if cost.changed else [f"Unchanged from {cost.against}."]
    if cost.changed:
        lines += [
            f"{name}: Dice {each.dice:.3f}, HD95 {each.hd95_mm:.1f} mm, surface Dice "
            f"{each.surface_dice:.3f} at {each.surface_tolerance_mm:g} mm, added path "
            f"{each.added_path_length_mm:.0f} mm, volume {each.volume_change_ml:+.2f} ml"
            for name, each in cost.costs.items()
        ]
    if active_s is not None:
        lines.append(f"Active time: {active_s / 60:.1f} min.")
    return "\n".join(lines)
