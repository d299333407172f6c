"""The view buttons, clicked in a real window."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QCheckBox, QPushButton, QWidget

from napari_acs.widgets.view_bar import ViewBar
from napari_acs.widgets.view_control import ViewControl


@pytest.fixture
def bar(viewer, qtbot):
    bar = ViewBar()
    ViewControl(viewer, bar, bar)
    viewer.window.add_dock_widget(bar, name="Views")
    return bar


def click(bar: QWidget, name: str) -> None:
    bar.findChild(QPushButton, f"view_{name}").click()


def checked(bar: QWidget) -> list[str]:
    return [b.objectName() for b in bar.findChildren(QPushButton) if b.isChecked()]


def text(viewer, side: str) -> str:
    overlay = viewer.canvas.overlays[f"napari_acs_letters_{side}"]
    return overlay.text if overlay.visible else ""


def test_a_click_shows_the_plane_with_its_letters_at_the_same_point(viewer, bar, add):
    add("T1")
    viewer.dims.current_step = (3, 5, 2)
    point = viewer.dims.point
    assert checked(bar) == ["view_axial"]
    assert (text(viewer, "top"), text(viewer, "right")) == ("A", "L")
    click(bar, "coronal")
    assert viewer.dims.order == (1, 0, 2)
    assert checked(bar) == ["view_coronal"]
    assert (text(viewer, "top"), text(viewer, "right")) == ("S", "L")
    click(bar, "sagittal")
    assert viewer.dims.order == (2, 0, 1)
    assert (text(viewer, "top"), text(viewer, "left")) == ("S", "A")
    assert viewer.dims.point == point
    viewer.dims.ndisplay = 3
    assert checked(bar) == []
    click(bar, "axial")
    assert viewer.dims.ndisplay == 2
    assert viewer.dims.point == point


def test_the_letters_box_takes_them_away(viewer, bar, add):
    add("T1")
    box = bar.findChild(QCheckBox, "view_letters")
    box.click()
    assert text(viewer, "top") == ""
    box.click()
    assert text(viewer, "top") == "A"


def test_the_letters_go_with_the_panel(viewer, bar, add, qtbot):
    add("T1")
    viewer.window.remove_dock_widget(bar)
    bar.deleteLater()
    qtbot.waitUntil(lambda: "napari_acs_letters_top" not in viewer.canvas.overlays, timeout=2000)
    viewer.dims.order = (1, 0, 2)
    add("T2")
