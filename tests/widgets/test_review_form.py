"""Answers are shown as they are kept: to show one is not to change it."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QLineEdit

from napari_acs.review.session.form import Form, Number, form_of
from napari_acs.widgets.review_form import ReviewForm
from napari_acs.widgets.review_panel import ReviewPanel


@pytest.mark.parametrize(
    ("value", "said"),
    [(41.5, "41.5"), (20.0, "20"), (0.1 + 0.2, "0.30000000000000004"), (-1e-7, "-1e-07")],
)
def test_a_number_that_is_shown_is_the_number_that_was_kept(qtbot, value, said):
    """It was cut to 15 digits, and the cut one written when the case was left."""
    form = ReviewForm()
    qtbot.addWidget(form)
    form.show_form(Form(fields=[Number(name="longest", type="number")]))
    form.show_answers({"longest": value})
    assert form.findChild(QLineEdit, "form_longest").text() == said
    assert form.answers == {"longest": value}


def test_a_title_is_shown_as_it_is_written(qtbot):
    titles = ["Longest & best", "<b>bold</b><img src='file:///etc/passwd'>", "a < b"]
    fields = [{"name": f"f{n}", "type": "text", "label": title} for n, title in enumerate(titles)]
    form = ReviewForm()
    qtbot.addWidget(form)
    form.show_form(form_of({"fields": fields}))
    labels = [label for label in form.findChildren(QLabel) if label.text()]
    assert [label.text() for label in labels] == titles
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)
    assert all(label.buddy() is None for label in labels)  # which makes & a shortcut


def test_names_of_raters_and_cases_are_no_markup(qtbot):
    panel = ReviewPanel()
    qtbot.addWidget(panel)
    for label in (panel.session, panel.decide.title):
        assert label.textFormat() == Qt.TextFormat.PlainText


def test_a_long_text_is_not_cut_by_being_shown(qtbot):
    form = ReviewForm()
    qtbot.addWidget(form)
    form.show_form(form_of({"fields": [{"name": "story", "type": "text", "most": 50_000}]}))
    form.show_answers({"story": "x" * 40_000})
    assert form.answers == {"story": "x" * 40_000}
