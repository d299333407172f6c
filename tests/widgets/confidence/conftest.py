"""The confidence panel in a real viewer; napari is imported inside the fixtures."""

# ruff: noqa: PLC0415
from __future__ import annotations

import pytest
from widgets.confident import mask_layer
from widgets.maps import segmentation


@pytest.fixture
def panel(viewer, qtbot):
    from napari_acs.widgets.confidence import Confidence
    from napari_acs.widgets.confidence_panel import ConfidencePanel
    from napari_acs.widgets.mask_view import MaskView
    from napari_acs.widgets.segment_panel import SegmentPanel

    panel = ConfidencePanel()
    panel.control = Confidence(viewer, panel, panel)
    panel.masks = MaskView(viewer, SegmentPanel(panel), panel)
    panel.masks.followed.connect(panel.control.follow)
    viewer.window.add_dock_widget(panel, name="Confidence")
    return panel


@pytest.fixture
def show(viewer, panel, qtbot):
    """Add a mask as a finished job does, and wait until its places are listed."""

    def show(made=None, name="case"):
        made = made or segmentation()
        with qtbot.waitSignal(panel.control.ready, timeout=10_000):
            layer = viewer.add_layer(mask_layer(made, name))
            panel.control.follow(layer, made)
        return layer

    return show
