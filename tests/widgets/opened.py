"""What is opened from the Segment panel, and what it shows or says then."""

from __future__ import annotations

from napari.layers import Image

from napari_acs.viewer.info import info_in

MS = 30_000


def images(viewer):
    found = [info_in(layer.metadata) for layer in viewer.layers if isinstance(layer, Image)]
    return {info.sequence: info for info in found}


def open_them(qtbot, dock, *paths):
    with qtbot.waitSignal(dock.opener.opened, timeout=MS):
        dock.opener.open([str(path) for path in paths])


def refusal_of(qtbot, dock, *paths):
    with qtbot.waitSignal(dock.opener.refused, timeout=MS) as signal:
        dock.opener.open([str(path) for path in paths])
    assert dock.said == signal.args[0]
    return dock.said
