"""The explanation of an empty prediction, on screen."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QProgressBar, QPushButton

from napari_acs.imaging.check.line import CheckLine
from napari_acs.inference.emptiness import how_near
from napari_acs.inference.messages import Failure, Nearest
from napari_acs.widgets.nothing_found import NOTHING_WRONG, NothingFound

NEAREST = (
    Nearest("WT", "whole tumour", 0.31, 0.5, (12.2, -30.0, 8.0)),
    Nearest("TC", "tumour core", 0.2, 0.5, (10.0, -31.0, 7.0)),
)
WHAT = "The model found no tumour in 'case'"
AMBER = CheckLine("sequences", "amber", "A sequence may be wrong", "T1: looks like FLAIR")
GREEN = CheckLine("grids", "green", "Sequences lie on one grid")


def failure(nearest=NEAREST, more=""):
    why = f"{how_near(nearest) or 'The highest probability was 0.31'}{more}"
    return Failure(WHAT, why, "Look again", "empty", nearest=nearest)


@pytest.fixture
def part(qtbot):
    widget = NothingFound()
    qtbot.addWidget(widget)
    return widget


def text(part, name):
    return part.findChild(QLabel, name).text()


def click(qtbot, part, name):
    qtbot.mouseClick(part.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def test_it_shows_every_region_the_checks_lines_and_what_to_do(part):
    assert part.isHidden()
    part.explain(failure(more=". FLAIR missing: WT 0.40 instead of 0.90"), (GREEN, AMBER))
    assert not part.isHidden()
    assert WHAT in text(part, "nothing_found_what")
    assert text(part, "nearest_WT") == "0.31, needs 0.5"
    bars = [part.findChild(QProgressBar, f"nearest_{r}_bar").value() for r in ("WT", "TC")]
    assert bars == [310, 200]
    reasons = text(part, "nothing_found_reasons").splitlines()
    assert len(reasons) == 2
    assert "FLAIR missing: WT 0.40 instead of 0.90" in reasons[0]
    assert "T1: looks like FLAIR" in reasons[1]
    assert text(part, "nothing_found_do") == "Look again."


def test_the_next_explanation_replaces_the_last(part):
    part.explain(failure(), (AMBER,))
    part.explain(failure(NEAREST[:1]), (GREEN,))
    assert part.findChild(QLabel, "nearest_TC") is None
    assert text(part, "nothing_found_reasons") == NOTHING_WRONG
    part.explain(failure(()), None)
    assert "The highest probability was 0.31" in text(part, "nothing_found_reasons")
    assert part.findChild(QPushButton, "show_nearest").isHidden()


def test_the_buttons_tell_the_place_and_dismiss(part, qtbot):
    part.explain(failure(), ())
    part.show()
    with qtbot.waitSignal(part.place_chosen) as chosen:
        click(qtbot, part, "show_nearest")
    assert chosen.args == [(12.2, -30.0, 8.0)]
    with qtbot.waitSignal(part.dismissed):
        click(qtbot, part, "dismiss_nothing_found")
    assert part.isHidden()
