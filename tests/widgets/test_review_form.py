"""Answers are shown as they are kept: to show one is not to change it."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QLineEdit

from napari_acs.review.session.form import Form, Number
from napari_acs.widgets.review_form import ReviewForm


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
