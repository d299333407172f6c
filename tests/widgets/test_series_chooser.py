"""The table of series: all are listed with reasons, and only a sound choice can be opened."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QLabel, QTableWidget

from napari_acs.imaging.candidate import Candidate
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.widgets.series_chooser import SeriesChooser


def candidate(title, sequence=None, confidence=0.9, *, study="study-a", why_not=""):
    def read():
        raise AssertionError("the table must not read voxels")

    guess = SequenceGuess(sequence, confidence, f"the reason of {title}", "tags")
    return Candidate(
        title,
        read,
        detail="24 slices, 0.9 x 0.9 x 5 mm",
        date="20200131",
        why_not=why_not,
        guess=None if why_not else guess,
        study=study,
        uid=title,
    )


@pytest.fixture
def candidates():
    return (
        candidate("1: localizer", why_not="Its description is that of a localizer."),
        candidate("2: t1", "t1"),
        candidate("3: t1 gd", "t1ce", 0.95),
        candidate("4: something", None, 0.2),
        candidate("5: flair of another", "flair", study="study-b"),
    )


@pytest.fixture
def chooser(qtbot, candidates):
    made = SeriesChooser(candidates, {"t1": candidates[1], "t1ce": candidates[2]})
    qtbot.addWidget(made)
    made.show()
    return made


def choose(chooser, row, title):
    box = chooser.findChild(QComboBox, f"use_{row}")
    box.setCurrentIndex(box.findText(title))
    assert box.currentText() == title


def texts(chooser, row):
    table = chooser.findChild(QTableWidget, "series")
    return [table.item(row, column).text() for column in range(1, table.columnCount())]


def open_button(chooser):
    buttons = chooser.findChild(QDialogButtonBox)
    return buttons.button(QDialogButtonBox.StandardButton.Open)


def trouble(chooser):
    return chooser.findChild(QLabel, "trouble").text()


def test_every_series_is_listed_with_what_is_known_of_it(chooser):
    used = [chooser.findChild(QComboBox, f"use_{row}").currentText() for row in range(5)]
    assert used == ["not used", "T1", "T1ce", "not used", "not used"]
    assert texts(chooser, 2) == [
        "study-a\n2020-01-31",
        "3: t1 gd",
        "24 slices\n0.9 x 0.9 x 5 mm",
        "T1ce, 95%",
        "the reason of 3: t1 gd",
    ]
    assert texts(chooser, 0)[-2:] == ["", "Its description is that of a localizer"]
    assert texts(chooser, 3)[-2:] == ["none of the four, 20%", "the reason of 4: something"]
    assert open_button(chooser).isEnabled()
    assert trouble(chooser) == ""


def test_what_is_left_as_proposed_keeps_its_guess(chooser, candidates):
    chosen = chooser.chosen()
    assert list(chosen) == ["t1", "t1ce"]
    assert chosen["t1"] is candidates[1]


def test_a_choice_wins_over_the_proposal_and_is_the_users_word(chooser, candidates):
    choose(chooser, 1, "T2")
    choose(chooser, 3, "FLAIR")
    chosen = chooser.chosen()
    assert sorted(chosen) == ["flair", "t1ce", "t2"]
    assert chosen["t2"].guess == SequenceGuess("t2", 1.0, "you chose it", "user")
    assert chosen["flair"].guess == SequenceGuess("flair", 1.0, "you chose it", "user")
    assert chosen["t2"].uid == candidates[1].uid
    choose(chooser, 1, "T1")
    assert chooser.chosen()["t1"] is candidates[1]


def test_one_sequence_twice_cannot_be_opened(chooser):
    choose(chooser, 3, "T1")
    assert not open_button(chooser).isEnabled()
    assert trouble(chooser) == "T1 is chosen for two series: keep one."
    choose(chooser, 1, "not used")
    assert open_button(chooser).isEnabled()
    assert trouble(chooser) == ""


def test_two_studies_cannot_be_opened_together(chooser):
    choose(chooser, 4, "FLAIR")
    assert not open_button(chooser).isEnabled()
    assert "different studies" in trouble(chooser)
    choose(chooser, 1, "not used")
    choose(chooser, 2, "not used")
    assert open_button(chooser).isEnabled()


def test_two_studies_are_seen_even_where_the_sequence_is_the_same(chooser):
    choose(chooser, 4, "T1")
    assert not open_button(chooser).isEnabled()
    assert "different studies" in trouble(chooser)


def test_nothing_cannot_be_opened(chooser):
    choose(chooser, 1, "not used")
    choose(chooser, 2, "not used")
    assert not open_button(chooser).isEnabled()
    assert trouble(chooser) == "Choose at least one series."


def test_it_fits_the_screen_and_every_word_can_be_read(qtbot):
    many = [
        candidate(f"{n}: t2_space_sag_p2_iso_0.9_from_the_neck_up {n}", why_not="Of no use. " * 30)
        for n in range(40)
    ]
    chooser = SeriesChooser(many, {})
    qtbot.addWidget(chooser)
    chooser.show()
    QApplication.processEvents()
    room = chooser.screen().availableSize()
    assert chooser.width() <= room.width()
    assert chooser.height() <= room.height()
    table = chooser.findChild(QTableWidget, "series")
    last = table.columnCount() - 1
    metrics = table.fontMetrics()
    wide = table.columnWidth(last)
    assert wide > 200
    needed = metrics.horizontalAdvance(many[0].why_not) / wide * metrics.height()
    assert table.rowHeight(0) >= needed
    assert sum(table.columnWidth(c) for c in range(last + 1)) <= table.viewport().width()
    assert table.columnWidth(0) >= chooser.findChild(QComboBox, "use_0").sizeHint().width()
    assert open_button(chooser).isVisible()
    assert open_button(chooser).geometry().bottom() <= chooser.height()
