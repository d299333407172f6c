"""Layers in colours: what was changed since the prediction, and how two masks differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from napari.layers import Labels
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.review.correct import ONLY_FIRST, ONLY_SECOND, OTHER_LABEL, compare
from napari_acs.viewer.display import same_place
from napari_acs.viewer.make_layer import make_layer
from napari_acs.viewer.measuring import plain_labels
from napari_acs.viewer.overlays import difference_layer
from napari_acs.widgets.classify_edits import MaskEdits
from napari_acs.widgets.correct_compared import Compared
from napari_acs.widgets.hidden import Hidden
from napari_acs.widgets.working import in_worker

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_acs.review.correct import Comparison
    from napari_acs.viewer.predicted import FirstSeen

_QUIET_MS = 300


class CorrectDifferences(QObject):
    """Signals: ``said(text, kind)``; ``only_shown(bool)``; ``shown(Labels)``, a layer is new."""

    said = Signal(str, str)
    only_shown = Signal(bool)
    shown = Signal(object)

    def __init__(self, viewer: Viewer, before: FirstSeen, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._before = viewer, before
        self._edits = MaskEdits(self, _QUIET_MS)
        self._edits.settled.connect(self.look)
        self._mask: Labels | None = None
        self._changes: Labels | None = None
        self._hidden = Hidden(viewer)
        # a method of self would be gone before it could be called
        parent.destroyed.connect(self._hidden.back)
        self._asked = 0
        viewer.layers.events.removed.connect(self._on_removed)

    def show_only(self, mask: Labels | None) -> None:
        """Show only what was changed in this mask, and follow it; None shows the mask again.

        Raises
        ------
        BadInput
            It is not known what the mask was; nothing is hidden.
        """
        if mask is not None:
            self._before.check(mask)
        self._mask, self._changes = mask, None
        self._asked += 1
        self._hidden.back()
        self._edits.follow(mask)
        self.only_shown.emit(mask is not None)
        if mask is not None:
            self._hidden.hide(mask)
            self.look()

    def compare(self, mask: Labels, other: Labels) -> None:
        """Add a layer with the differences of two masks.

        Raises
        ------
        BadInput
            They do not lie on one grid.
        """
        if not same_place(mask, other):
            raise BadInput(
                f"{mask.name!r} and {other.name!r} cannot be compared",
                expected="two masks on one grid",
                do="Choose masks of the same study",
            )
        arrays = (mask.data, other.data)
        about = (mask, other)
        in_worker(_compare, *arrays, about, done=self._on_compared)

    @Slot()
    def look(self) -> None:
        """Compare anew, while only changes are shown."""
        mask = self._mask
        if mask is None or mask not in self._viewer.layers:
            return
        self._asked += 1
        arrays = (self._before.of(mask), mask.data)
        in_worker(_compare, *arrays, self._asked, done=self._on_changes)

    @Slot(object)
    def _on_changes(self, answer: tuple[int, Comparison | str]) -> None:
        asked, found = answer
        mask = self._mask
        if not isalive(self) or asked != self._asked or mask is None:
            return
        if isinstance(found, str):
            self.show_only(None)  # else neither the mask nor its changes would be seen
            self.said.emit(found, "refusal")
            return
        if self._changes is not None:
            self._changes.data = found.labels
            return
        name = f"changed: {mask.name}"
        self._changes = self._hidden.instead = self._add(
            difference_layer(found.labels, mask, name, "the prediction", "the mask")
        )
        ml = _ml(found, mask)
        self.said.emit(
            f"Changed since the prediction: {ml[ONLY_SECOND]:.2f} ml added (pink), "
            f"{ml[ONLY_FIRST]:.2f} ml taken away (blue), {ml[OTHER_LABEL]:.2f} ml relabelled "
            "(orange).",
            "done",
        )

    @Slot(object)
    def _on_compared(self, answer: tuple[tuple[Labels, Labels], Comparison | str]) -> None:
        (mask, second), found = answer
        if not isalive(self) or mask not in self._viewer.layers:
            return
        other = second.name
        if isinstance(found, str):
            self.said.emit(found, "refusal")
            return
        name = f"differences: {mask.name}, {other}"
        layer = self._add(difference_layer(found.labels, mask, name, mask.name, other))
        if second in self._viewer.layers:
            Compared(self._viewer, layer, (mask, second), _compare, self)
        ml = _ml(found, mask)
        self.said.emit(
            f"Only in {mask.name}: {ml[ONLY_FIRST]:.2f} ml (blue). Only in {other}: "
            f"{ml[ONLY_SECOND]:.2f} ml (pink). In both, with another label: "
            f"{ml[OTHER_LABEL]:.2f} ml (orange).",
            "done",
        )

    def _add(self, described: Any) -> Labels:
        active = self._viewer.layers.selection.active
        layer = cast("Labels", make_layer(described))
        self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = active  # who was painting goes on painting
        self.shown.emit(layer)
        return layer

    def _on_removed(self, event: Any) -> None:
        if not isalive(self):
            return
        if event.value is self._changes or event.value is self._mask:
            if event.value is self._changes:
                self._changes = None
            self.show_only(None)


def _compare(first: NDArray[Any], second: NDArray[Any], about: Any) -> tuple[Any, Comparison | str]:
    """Return how two masks differ, or why they cannot be compared; runs in a worker.

    There a refusal that is raised would be shown a second time, as a fault, by napari.
    """
    # Copied here: a large mask takes 0.2 s, which the window is not to wait for. A stroke meanwhile
    # may be in it in part; who shows what was changed looks again after it.
    try:
        return about, compare(plain_labels(np.array(first)), plain_labels(np.array(second)))
    except BadInput as refusal:
        return about, refusal.sentence()


def _ml(found: Comparison, mask: Labels) -> dict[int, float]:
    voxel_ml = float(np.prod(mask.scale[-3:])) / 1000
    return {kind: count * voxel_ml for kind, count in found.voxels.items()}
