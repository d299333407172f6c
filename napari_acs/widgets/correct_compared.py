"""A layer of differences between two masks goes on being about them when one is edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Slot

from napari_acs.viewer.same_voxels import same_voxels
from napari_acs.widgets.classify_edits import MaskEdits
from napari_acs.widgets.working import in_worker

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer

_QUIET_MS = 300


class Compared(QObject):
    """Compares two masks anew when one of them was edited, until it or the layer is closed.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    layer : Labels
        Shows how the masks differ.
    masks : tuple of Labels
        The two.
    work : callable
        Gets both arrays and a number, in a worker; returns that number and a `Comparison`, or in
        its place the sentence of a refusal.
    parent : QObject
    """

    def __init__(
        self,
        viewer: Viewer,
        layer: Labels,
        masks: tuple[Labels, Labels],
        work: Callable[..., Any],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._work, self._asked = viewer, work, 0
        self._about: tuple[Labels, Labels, Labels] | None = (layer, *masks)
        self._soon = QTimer(self)  # a step to another slice settles both at once
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._look)
        self._edits = [MaskEdits(self, _QUIET_MS) for _ in masks]
        for edits, mask in zip(self._edits, masks, strict=True):
            edits.follow(mask)
            edits.settled.connect(self._soon.start)
        viewer.layers.events.removed.connect(self._on_removed)

    @Slot()
    def _look(self) -> None:
        if self._about is not None:
            _, mask, other = self._about
            self._asked += 1
            in_worker(self._work, mask.data, other.data, self._asked, done=self._on_answer)

    @Slot(object)
    def _on_answer(self, answer: tuple[int, Any]) -> None:
        asked, found = answer
        if isalive(self) and asked == self._asked and self._about is not None:
            layer = self._about[0]
            if isinstance(found, str):  # they cannot be compared any more
                layer.name = f"{layer.name} (as they were)"
                self._end()
            elif not same_voxels(layer.data, found.labels):  # else it would be drawn anew
                layer.data = found.labels

    def _on_removed(self, event: Any) -> None:
        about = self._about if isalive(self) else None
        if about is not None and any(event.value is each for each in about):
            self._end()

    def _end(self) -> None:
        """Let go of the layers: nothing of ours keeps a closed one."""
        self._about = None
        for edits in self._edits:
            edits.follow(None)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self.deleteLater()
