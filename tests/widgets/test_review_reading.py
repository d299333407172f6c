"""What is read ahead is given once, and to nobody who asked for another session's case."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QObject
from widgets.review_hands import WAIT

from napari_acs.viewer.review_case import CaseImages
from napari_acs.widgets.review_reading import CaseReader

ONE, OTHER = Path("one.review"), Path("other.review")


def reader(asked):
    parent = QObject()

    def read(state, item, path, cancelled):
        asked.append((path, item))
        return CaseImages(item, (), (), (path.name,))

    return parent, CaseReader(parent, read)


def test_the_same_number_in_another_session_is_another_case(qtbot):
    asked = []
    parent, cases = reader(asked)
    cases.read_ahead(None, 2, ONE)
    qtbot.waitUntil(lambda: cases.ahead == 2, timeout=WAIT)
    with qtbot.waitSignal(cases.given, timeout=WAIT) as heard:
        cases.ask(None, 2, OTHER)
    assert heard.args[0].notes == (OTHER.name,)
    cases.read_ahead(None, 2, OTHER)
    qtbot.waitUntil(lambda: len(asked) == 3, timeout=WAIT)
    assert asked == [(ONE, 2), (OTHER, 2), (OTHER, 2)]
    assert parent is not None


def test_what_was_read_ahead_is_read_anew_when_it_is_asked_for_again(qtbot):
    """Its file may be another by then."""
    asked = []
    parent, cases = reader(asked)
    cases.read_ahead(None, 2, ONE)
    qtbot.waitUntil(lambda: cases.ahead == 2, timeout=WAIT)
    for times in (1, 2):
        with qtbot.waitSignal(cases.given, timeout=WAIT):
            cases.ask(None, 2, ONE)
        assert asked == [(ONE, 2)] * times
    assert parent is not None
