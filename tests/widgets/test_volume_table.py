"""Regions are the sums of their classes, whatever the numbers in the mask."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtWidgets import QLabel

from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.widgets.volume_table import VolumeTable, volume_rows

ml = st.floats(0, 500)


@given(ncr=ml, ed=ml, et=ml, et4=ml)
def test_nested_regions_and_their_classes(ncr, ed, et, et4):
    rows = volume_rows({1: ncr, 2: ed, 3: et, 4: et4}, GLIOMA_OUTPUT)
    enhancing = et + et4
    assert {r.name: r.ml for r in rows} == {
        "WT": ed + ncr + enhancing,
        "TC": ncr + enhancing,
        "ET": enhancing,
        "NCR": ncr,
        "ED": ed,
    }
    assert [r.name for r in rows] == ["WT", "TC", "ET", "NCR", "ED"]
    assert {r.name: r.color for r in rows if r.color} == {
        c.name: c.color for c in GLIOMA_OUTPUT.labels
    }


def test_new_numbers_reuse_the_labels(qtbot):
    table = VolumeTable()
    qtbot.addWidget(table)
    table.show_rows(volume_rows({1: 1.0}, GLIOMA_OUTPUT))
    before = table.findChild(QLabel, "volume_NCR")
    table.show_rows(volume_rows({1: 2.0}, GLIOMA_OUTPUT))
    assert table.findChild(QLabel, "volume_NCR") is before
    assert before.text() == "2.00 ml"
    table.show_rows(())
    assert table.rows == ()
