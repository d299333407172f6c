"""A form says what is asked, and no answer gets in that does not fit."""

from __future__ import annotations

import pytest

from napari_acs.errors import BadInput
from napari_acs.review.session.answers import check_answers
from napari_acs.review.session.form import form_of, read_form

YAML = """
title: Follow-up
fields:
  - {name: quality, type: choice, label: Image quality, options: [good, fair, poor], required: true}
  - {name: artefacts, type: multi-choice, options: [motion, bias, ghosts]}
  - {name: longest, type: number, label: Longest diameter, unit: mm, min: 0, max: 250}
  - {name: lesions, type: number, whole: true, min: 0}
  - {name: remarks, type: text, most: 10}
  - {name: progression, type: yes/no, required: true}
"""


@pytest.fixture
def form(tmp_path):
    (tmp_path / "form.yaml").write_text(YAML)
    return read_form(tmp_path / "form.yaml")


def test_answers_are_stored_in_one_spelling(form):
    given = {
        "quality": "fair", "artefacts": {"ghosts", "motion"}, "longest": 40, "lesions": 2.0,
        "remarks": "", "progression": False,
    }  # fmt: skip
    stored = check_answers(form, given, whole=True)
    assert stored == {
        "quality": "fair", "artefacts": ["motion", "ghosts"], "longest": 40.0, "lesions": 2,
        "progression": False,
    }  # fmt: skip
    assert check_answers(form, stored, whole=True) == stored


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"quality": "bad"}, "Image quality: found 'bad'; expected one of good, fair, poor"),
        ({"quality": ["good"]}, "Image quality"),
        ({"artefacts": ["noise"]}, "expected any of motion, bias, ghosts"),
        ({"artefacts": "motion"}, "expected any of"),
        ({"longest": 251}, "expected a number from 0 to 250 mm"),
        ({"longest": float("nan")}, "expected a number"),
        ({"longest": True}, "expected a number"),
        ({"longest": "40"}, "expected a number"),
        ({"lesions": 1.5}, "expected a whole number from 0"),
        ({"remarks": "x" * 11}, "at most 10 characters"),
        ({"progression": 1}, "expected yes or no"),
        ({"other": 1}, "no field 'other'"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(form, answers, said):
    with pytest.raises(BadInput, match=said):
        check_answers(form, answers, whole=False)


def test_required_answers_may_be_missing_until_the_end(form):
    assert check_answers(form, {"quality": None}, whole=False) == {}
    with pytest.raises(BadInput, match="progression is not answered"):
        check_answers(form, {"quality": "good"}, whole=True)


_CHOICE = "fields: [{name: a, type: choice, options: %s}]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fields: [{name: a, type: colour}]", "type"),
        ("fields: [{name: 1a, type: text}]", "name"),
        ("fields: [{name: a, type: text}, {name: a, type: text}]", "two fields"),
        (_CHOICE % "[]", "options"),
        (_CHOICE % "[x, x]", "comes twice"),
        ("fields: [{name: a, type: number, min: 3, max: 1}]", "min is above max"),
        ("fields: [{name: a, type: text, colour: red}]", "colour"),
        ("[]", "describes no form"),
        ("fields: [", "not valid YAML"),
        ("fields: !!python/object/apply:os.system [true]", "not valid YAML"),
        ("a: &a [1]\nb: *a", "aliases"),
        ("fields: \xff", "not valid YAML"),
    ],
)
def test_a_file_that_describes_no_form_is_refused(tmp_path, text, said):
    path = tmp_path / "form.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=said):
        read_form(path)


def test_the_log_keeps_the_form_whole(form):
    assert form_of(form.model_dump(mode="json")) == form
