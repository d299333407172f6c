"""Numbers that are typed with a point or a comma, whatever the user's language writes."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QLocale, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDoubleSpinBox, QLineEdit
from superqt import QLabeledDoubleRangeSlider, QLabeledDoubleSlider

from napari_acs.models.spec import Region
from napari_acs.widgets.confidence_panel import ConfidencePanel
from napari_acs.widgets.correct_brush import CorrectBrush
from napari_acs.widgets.correct_islands import CorrectIslands
from napari_acs.widgets.correct_tools import CorrectTools
from napari_acs.widgets.decimals import DecimalBox, take_decimals
from napari_acs.widgets.review_whole import ReviewWhole


@pytest.fixture(params=["de_DE", "en_US", "tr_TR", "ar_EG"])
def language(request, qapp):
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield
    QLocale.setDefault(before)


def typed(field, text: str) -> None:
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


@pytest.mark.parametrize("text", ["1.5", "1,5"])
def test_one_and_a_half_is_never_fifteen(language, qtbot, text):
    """Qt passed over the sign that the language has for thousands: a mask was grown by 15 mm."""
    box = DecimalBox()
    qtbot.addWidget(box)
    box.setRange(0.1, 1e6)
    box.setSuffix(" mm")
    typed(box, text)
    assert box.value() == 1.5
    assert box.text() == "1.50 mm"


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (CorrectTools, ["smooth_mm", "grow_mm", "shrink_mm"]),
        (CorrectIslands, ["under_ml"]),
        (ReviewWhole, ["most"]),
    ],
)
def test_every_box_of_the_panels_is_such_a_box(language, qtbot, make, names):
    panel = make()
    qtbot.addWidget(panel)
    boxes = {box.objectName(): box for box in panel.findChildren(QDoubleSpinBox)}
    assert sorted(boxes) == sorted(names)
    for box in boxes.values():
        for text in ("0.25", "0,25"):
            typed(box, text)
            assert box.value() == pytest.approx(0.25, abs=0.006)


@pytest.mark.parametrize("text", ["0.25", "0,25"])
def test_a_slider_s_field_takes_both(language, qtbot, text):
    slider = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
    qtbot.addWidget(slider)
    slider.setRange(0.0, 1.0)
    slider.setDecimals(2)
    take_decimals(slider)
    (field,) = slider.findChildren(QLineEdit)
    typed(field, text)
    assert slider.value() == 0.25


def test_the_fields_of_a_range_take_both(language, qtbot):
    slider = QLabeledDoubleRangeSlider(Qt.Orientation.Horizontal)
    qtbot.addWidget(slider)
    slider.setRange(0.0, 9.0)
    slider.setDecimals(1)
    slider.setValue((2.0, 8.0))
    take_decimals(slider)
    for field in slider.findChildren(QLineEdit):
        if field.text() == "2.0":
            typed(field, "2,5")
    assert slider.value() == (2.5, 8.0)


def test_the_sliders_of_the_panels_take_both(language, qtbot):
    brush, sure = CorrectBrush(), ConfidencePanel()
    for panel in (brush, sure):
        qtbot.addWidget(panel)
    region = Region(name="WT", title="whole tumour", label=2)
    sure.show_regions((region,), {"WT": 0.5})
    for panel, name in ((brush, "radius"), (sure, "threshold_WT")):
        slider = panel.findChild(QLabeledDoubleSlider, name)
        (field,) = slider.findChildren(QLineEdit)
        typed(field, "0,7")
        assert slider.value() == pytest.approx(0.7)
