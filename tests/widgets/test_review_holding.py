"""napari's own window, which asks no plugin before it closes, is held while work is not saved."""

from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QLabel, QLineEdit
from widgets.review_hands import kept, mask, open_session
from widgets.review_studies import FORM, make

from napari_acs.review.session.session import read_session
from napari_acs.review.session.verify import verify


def test_napari_s_window_stays_open_while_the_disk_refuses(new_dock, qtbot, tmp_path, disk):
    asked, answers = [], [False, False, True]
    path = make(tmp_path / "studies", FORM)
    dock = new_dock(confirm=lambda _, question: asked.append(question) or answers.pop(0))
    open_session(dock, qtbot, path)
    window = dock.window()
    disk.full = True
    mask(dock).data_setitem((np.array([5]), np.array([5]), np.array([5])), 7)
    dock.panel.decide.note.setPlainText("typed last")
    for _ in range(2):
        assert not window.close()
        assert "the disk is full" in asked[-1] and "lose what is not saved" in asked[-1]
        assert "the disk is full" in dock.said and "stays open" in dock.said
        assert "NOT SAVED" in dock.panel.findChild(QLabel, "saved").text()
        assert mask(dock).data[5, 5, 5] == 7
    disk.full = False
    dock.panel.decide.note.setPlainText("typed last of all")
    dock.parentWidget().setFloating(True)
    dock.viewer.close()
    assert len(asked) == 2, "all could be saved"
    assert read_session(path).items[1].note == "typed last of all"
    assert np.count_nonzero(kept(path, 1) == 7) == 1
    assert verify(path).sound


def test_a_window_with_an_answer_that_does_not_fit_closes_on_the_user_s_word(
    new_dock, qtbot, tmp_path
):
    asked, answers = [], [False, True]
    path = make(tmp_path / "studies", FORM)
    dock = new_dock(confirm=lambda _, question: asked.append(question) or answers.pop(0))
    open_session(dock, qtbot, path)
    dock.panel.findChild(QLineEdit, "form_longest").setText("300")
    dock.panel.decide.note.setPlainText("fits")
    window = dock.window()
    assert not window.close()
    assert "longest: found 300" in dock.said
    dock.viewer.close()
    assert len(asked) == 2
    assert read_session(path).items[1].note == "fits"
