"""Tells when the user has stopped editing a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from napari.layers import Labels

DEBOUNCE_MS = 1000
_EVENTS = ("paint", "labels_update", "set_data", "data")  # undo and redo emit no paint


class MaskEdits(QObject):
    """Follows one Labels layer. Signal: ``settled()``, some time after the last stroke.

    Moving through slices settles, too: who listens compares the voxels.
    """

    settled = Signal()

    def __init__(self, parent: QObject, quiet_ms: int = DEBOUNCE_MS) -> None:
        super().__init__(parent)
        self.layer: Labels | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(quiet_ms)
        self._timer.timeout.connect(self.settled)

    def follow(self, layer: Labels | None) -> None:
        """Follow this layer instead of the one before."""
        if layer is self.layer:
            return
        self._timer.stop()
        for one, act in ((self.layer, "disconnect"), (layer, "connect")):
            if one is None:
                continue
            for name in _EVENTS:
                if name in one.events.emitters:
                    getattr(getattr(one.events, name), act)(self._on_edit)
        self.layer = layer

    def wait(self) -> None:
        """Settle later: a job is in the way."""
        self._timer.start()

    def _on_edit(self, event: Any = None) -> None:
        if isalive(self):
            self._timer.start()
