"""How long a reader has been at a mask, as its layer says it between two signs of them."""

from __future__ import annotations

import numpy as np

from napari_acs.viewer import active_time
from napari_acs.viewer.active_time import active_seconds, note_active


def test_time_goes_on_after_the_last_sign_until_the_reader_is_idle(monkeypatch):
    from napari.layers import Labels  # noqa: PLC0415 (napari is slow)

    clock = [100.0]
    monkeypatch.setattr(active_time, "monotonic", lambda: clock[0])
    layer = Labels(np.zeros((2, 2, 2), np.uint8))
    assert active_seconds(layer) is None
    note_active(layer, 12.0, 60.0)
    for later, seconds in ((0, 12), (25, 37), (60, 72), (3600, 72)):
        clock[0] = 100.0 + later
        assert active_seconds(layer) == seconds
    twin = Labels(np.zeros((2, 2, 2), np.uint8), metadata=layer.metadata)
    assert active_seconds(twin) is None, "the session does not count it"
