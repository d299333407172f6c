"""Panels that would get a few rows each are tabs."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMainWindow

from napari_acs.widgets import tabs


@pytest.fixture
def opened(make_napari_viewer, acs_plugin, qtbot):
    """Open panels as from the menu, in a shown window; return their docks and the window."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)

    def open_(*names):
        docks = []
        for name in names:
            docks.append(viewer.window.add_plugin_dock_widget("napari-acs", name)[0])
            qtbot.wait(300)
        return docks, docks[0].window()

    return open_


def test_a_second_panel_is_a_tab_in_front(opened):
    (first, second, third), window = opened("Segment", "Correct", "Review")
    assert isinstance(window, QMainWindow)
    assert set(window.tabifiedDockWidgets(third)) == {first, second}
    assert not third.visibleRegion().isEmpty()
    assert third.widget().height() > 500


def test_with_room_for_both_they_are_stacked_as_napari_does(opened, monkeypatch):
    monkeypatch.setattr(tabs, "_ROOM", 100)
    (first, second), window = opened("Segment", "Correct")
    assert window.tabifiedDockWidgets(second) == []
    assert not first.visibleRegion().isEmpty()


def test_a_panel_that_the_user_moved_stays_there(opened, qtbot):
    (first, second), window = opened("Segment", "Correct")
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, second)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, second)  # under the first again
    second.hide()
    second.show()
    qtbot.wait(300)
    assert window.tabifiedDockWidgets(first) == []
