"""The Correct panel beside a review: what it says of a mask is what the report says of it."""

# ruff: noqa: PLC0415 (napari may be imported once the settings of the run are set)
from __future__ import annotations

import csv

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel
from review.measure.shapes import ellipsoid, points_of
from review.report.studies import OBLIQUE, UPRIGHT, Head, write
from widgets.review_hands import WAIT, click, decide, mask, open_session, paint, settle
from widgets.review_studies import make

from napari_acs.imaging import write_labels
from napari_acs.review.report.gather import gather
from napari_acs.review.report.table import table_of
from napari_acs.review.session.decisions import decide as decided
from napari_acs.viewer.review_files import make_session

PLACE = np.array([16.0, -12.0, 6.0])


def study(folder, name, grid):
    """Write T1 and T1ce that mirror in planes which lie apart, and a mask near the middle."""
    x, y, z = np.moveaxis(points_of(grid), -1, 0)
    images = {}
    for sequence, at, lean in (("t1", -4.0, 0.0), ("t1ce", 5.0, 0.12)):
        across = x - at - lean * z
        inside = (across / 60) ** 2 + (y / 72) ** 2 + (z / 54) ** 2 <= 1
        texture = 40 * np.cos(np.abs(across) / 6) * np.cos(y / 9) * np.cos(z / 7)
        images[sequence] = np.where(inside, 300 + texture, 0).astype(np.int16)
    write(folder, name, Head(grid, None, images))
    labels = np.zeros(grid.shape, np.uint8)
    for value, radii in ((2, (13, 18, 15)), (3, (9, 12, 10)), (1, (4, 5, 5))):
        labels[ellipsoid(grid, PLACE, radii)] = value
    write_labels(folder / name / f"{name}_seg.nii.gz", labels, grid)


@pytest.mark.parametrize("grid", [UPRIGHT, OBLIQUE], ids=["upright", "oblique"])
def test_panel_and_report_measure_a_mask_alike(new_dock, qtbot, tmp_path, grid):
    from napari_acs.widgets.correct_dock import CorrectDock

    study(tmp_path, "a", grid)
    (tmp_path / "list.csv").write_text("study,mask\na,a/a_seg.nii.gz\n")
    path = make_session([tmp_path / "list.csv"], "ann", tmp_path / "s.review")
    dock = new_dock()
    with qtbot.waitSignal(dock.complete, timeout=WAIT):
        dock.panel.start.open.emit(path)
    correct = CorrectDock(dock.viewer)
    dock.viewer.window.add_dock_widget(correct, name="Correct")
    layer, cost = mask(dock), correct.measuring.cost

    def known():
        return cost.found is not None and np.array_equal(cost.found.labels, layer.data)

    middle = np.rint(np.argwhere(layer.data == 2).mean(axis=0)).astype(int)
    paint(dock, qtbot, tuple(middle), 3)
    qtbot.waitUntil(known, timeout=WAIT)
    said = correct.findChild(QLabel, "cost").text()
    assert said.startswith("Against the mask that came with the study:")
    assert "Active time: 0." in said
    with qtbot.waitSignal(dock.clock.told, timeout=WAIT) as seconds:
        dock.cases.watch.active.emit()
    dock.cases.do(lambda session: decided(session, 1, "corrected"))
    settle(dock, qtbot)

    report = gather([path])
    (case,) = report.cases
    ours = correct.measuring.last.measures
    assert ours.midline_plane is not None
    np.testing.assert_allclose(
        ours.midline_plane.normal_lps, case.measures.midline_plane.normal_lps, atol=1e-6
    )
    for name, theirs in case.measures.regions.items():
        mine = ours.regions[name]
        assert mine.volume_ml == pytest.approx(theirs.volume_ml, rel=1e-9)
        assert mine.largest_3d_diameter_mm == pytest.approx(theirs.largest_3d_diameter_mm)
        assert mine.largest_axial.product_mm2 == pytest.approx(theirs.largest_axial.product_mm2)
        assert mine.sum_of_products_mm2 == pytest.approx(theirs.sum_of_products_mm2)
        assert (len(mine.lesions), mine.measurable_lesions) == (
            len(theirs.lesions),
            theirs.measurable_lesions,
        )
        np.testing.assert_allclose(mine.centroid_lps_mm, theirs.centroid_lps_mm, atol=1e-6)
        assert mine.midline.side == theirs.midline.side
        assert mine.midline.to_midline_mm == pytest.approx(theirs.midline.to_midline_mm, abs=1e-4)
        assert cost.found.costs[name].to_dict() == pytest.approx(case.begun.costs[name].to_dict())
    assert seconds.args[0] <= case.seconds < seconds.args[0] + 5
    rows = list(csv.DictReader(table_of(report).splitlines()))
    for row in rows:
        mine = ours.regions[row["region"]]
        assert float(row["volume_ml"]) == pytest.approx(mine.volume_ml)
        assert float(row["diameter_mm"]) == pytest.approx(mine.largest_axial.diameter.length_mm)
        assert float(row["dice"]) == pytest.approx(cost.found.costs[row["region"]].dice)
        assert row["side"] == mine.midline.side
        assert float(row["active_minutes"]) == pytest.approx(case.seconds / 60)


def test_the_time_is_that_of_the_open_case_and_of_the_part_that_is_read(new_dock, qtbot, tmp_path):
    """As the report counts it: the second part of a read begins with the masks of others."""
    from napari_acs.viewer.active_time import CaseTime, active_seconds

    path = make(tmp_path / "studies", ai="after")
    dock = new_dock()
    open_session(dock, qtbot, path)
    time = CaseTime(dock.cases.desk)

    def now():
        found = []
        dock.cases.keeper.ask(time.now, done=found.append)
        settle(dock, qtbot)
        assert found[0][0] == dock.cases.item
        return found[0][1]

    def told():
        return {each.ai: each.seconds for each in gather([path]).cases if each.item == 1}

    with qtbot.waitSignal(dock.clock.told, timeout=WAIT):
        paint(dock, qtbot, (1, 1, 1))
    assert active_seconds(mask(dock)) is not None
    assert now() == pytest.approx(told()["before"], abs=1e-6) and now() > 0
    before = now()
    qtbot.wait(400)
    seen = active_seconds(mask(dock))
    assert seen > before + 0.3, "time goes on"
    with qtbot.waitSignal(dock.clock.told, timeout=WAIT):
        dock.cases.watch.active.emit()
    assert seen - 0.1 < now() < seen + 10, "what a sign right then made it"
    decide(dock, qtbot, "accept")
    qtbot.wait(300)
    click(dock, "reveal")
    settle(dock, qtbot)
    paint(dock, qtbot, (5, 1, 1))
    assert now() == pytest.approx(told()["after"], abs=1e-6)
    assert now() < told()["before"]
    first = mask(dock)
    with qtbot.waitSignal(dock.begun, timeout=WAIT):
        dock.open_case(2)
    settle(dock, qtbot)
    with qtbot.waitSignal(dock.clock.told, timeout=WAIT) as other:
        dock.cases.watch.active.emit()
    assert other.args[0] <= active_seconds(mask(dock)) < now() + 1
    assert mask(dock) is not first
