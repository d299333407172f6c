"""The open case against the exam before of the same patient, by a click."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel, QPushButton
from widgets.review_hands import WAIT, click, decide, mask, open_session, paint, step

from napari_acs.imaging import Grid, write_labels
from napari_acs.review.measure.change import STATEMENT, measure_change
from napari_acs.viewer.review_files import make_session

GRID = Grid((20, 22, 12), (2.0, 2.5, 3.0), (5.0, -8.0, 2.0), (1, 0, 0, 0, -1, 0, 0, 0, 1))


def cube(margin: int) -> np.ndarray:
    labels = np.zeros(GRID.shape, np.uint8)
    labels[5 - margin : 7 + margin, 8 - margin : 14 + margin, 7 - margin : 13 + margin] = 3
    return labels


def listed(tmp_path):
    """List the later exam of a patient first, then the earlier one, then another patient."""
    lines = ["study,mask,patient,date"]
    for name, margin, rest in (
        ("late", 2, "DOE,2023-05-01"),
        ("early", 0, "DOE,2023-01-31"),
        ("other", 1, "ROE,2023-02-02"),
    ):
        (tmp_path / name).mkdir()
        file = f"{name}/{name}_seg.nii.gz"
        write_labels(tmp_path / file, cube(margin), GRID)
        lines.append(f"{file},{file},{rest}")
    (tmp_path / "list.csv").write_text("\n".join(lines))
    return [tmp_path / "list.csv"]


@pytest.fixture
def exams(tmp_path):
    return make_session(listed(tmp_path), "ann", tmp_path / "s.review")


def test_two_exams_are_compared_in_the_order_of_their_dates(new_dock, qtbot, exams):
    dock = new_dock()
    open_session(dock, qtbot, exams)
    card = dock.panel.before
    button = card.findChild(QPushButton, "compare_before")
    said = card.findChild(QLabel, "before")
    assert not card.isHidden()
    assert "90 days before" in button.toolTip()
    with qtbot.waitSignal(dock.comparing.compared, timeout=WAIT):
        click(dock, "compare_before")
    unopened = said.text()
    assert "(the mask that came with it, not opened yet), 90 days before" in unopened
    step(dock, qtbot)
    assert card.isHidden(), "the patient's first exam, though it is listed second"
    decide(dock, qtbot, "accept")
    step(dock, qtbot, "previous")

    def compare() -> str:
        with qtbot.waitSignal(dock.comparing.compared, timeout=WAIT):
            click(dock, "compare_before")
        return said.text()

    expected = measure_change(cube(0), GRID, cube(2), GRID).regions["ET"]
    text = compare()
    assert text.splitlines()[1:] == unopened.splitlines()[1:], "it was accepted as it came"
    assert "My mask, accepted), 90 days before" in text
    assert STATEMENT in text and "not a diagnosis" in text
    (line,) = [line for line in text.splitlines() if line.startswith("ET: ")]
    assert f"{expected.volume_before_ml:.2f} to {expected.volume_after_ml:.2f} ml" in line
    assert f"{expected.volume_change_percent:+.0f} %, PD" in line
    assert f"products {expected.product_before_mm2:.0f} to {expected.product_after_mm2:.0f}" in line

    paint(dock, qtbot, (2, 2, 2), 3)
    assert not said.text() and button.isEnabled(), "it was said of another mask"
    volume = (np.asarray(mask(dock).data) == 3).sum() * GRID.voxel_ml
    assert f"to {volume:.2f} ml" in compare()
    click(dock, "compare_before")
    dock.open_case(3)  # while it is compared
    qtbot.waitUntil(lambda: dock.cases.item == 3, timeout=WAIT)
    qtbot.wait(300)
    assert card.isHidden() and not said.text()


def test_the_exam_before_gives_no_repeat_away(new_dock, qtbot, tmp_path):
    """Two readings under two names, and the same exam before each: that is one case."""
    path = make_session(listed(tmp_path), "ann", tmp_path / "s.review", repeats=1.0, seed=3)
    dock = new_dock()
    open_session(dock, qtbot, path)
    state = dock.cases.now.state
    late = [item for item in state.items.values() if state.cases[item.case].day == 90]
    patient = state.cases[late[0].case].patient
    earlier = {c.name for c in state.cases.values() if c.patient == patient and c.day == 0}
    assert state.items[1].case not in earlier, "which is not opened here"
    assert len(late) == 2 and late[0].shown_name != late[1].shown_name
    said = dock.panel.before.findChild(QLabel, "before")

    def compare(item):
        if dock.cases.item != item.number:
            with qtbot.waitSignal(dock.begun, timeout=WAIT):
                dock.open_case(item.number)
        with qtbot.waitSignal(dock.comparing.compared, timeout=WAIT):
            click(dock, "compare_before")
        tip = dock.panel.before.findChild(QPushButton, "compare_before").toolTip()
        assert not any(name in said.text() + tip for name in earlier)
        assert "the exam before, 90 days before" in tip.lower()
        return said.text()

    texts = [compare(item) for item in late]
    assert texts[0] == texts[1] and texts[0].startswith("The exam before (the mask that came")
    for file in (tmp_path / "early").iterdir():
        file.unlink()
    assert "The files of the exam before are not there" in compare(late[0])
