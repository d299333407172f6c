"""A second patient is not shown over the first with Classify or Review alone open, too."""

from __future__ import annotations

import pytest

from napari_acs.widgets.classify_dock import ClassifyDock
from napari_acs.widgets.review_dock import ReviewDock


@pytest.mark.parametrize("kind", [ClassifyDock, ReviewDock])
def test_one_panel_alone_hides_who_was_there(viewer, add, kind):
    dock = kind(viewer)
    viewer.window.add_dock_widget(dock)
    add("T1 Anna", study="Anna", sequence="t1")
    add("T1 Bert", study="Bert", sequence="t1")
    assert [layer.name for layer in viewer.layers if layer.visible] == ["T1 Bert"]
    assert dock.said.startswith("'Anna' is hidden while 'Bert' is shown")


def test_with_all_panels_open_it_is_said_once(viewer, add):
    docks = [kind(viewer) for kind in (ClassifyDock, ReviewDock)]
    for dock in docks:
        viewer.window.add_dock_widget(dock)
    add("T1 Anna", study="Anna", sequence="t1")
    add("T1 Bert", study="Bert", sequence="t1")
    assert ["is hidden" in dock.said for dock in docks] == [True, False]
