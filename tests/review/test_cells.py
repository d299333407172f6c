"""What a spreadsheet opens runs nothing, and a file holds no byte that ends it."""

from __future__ import annotations

import csv
import io

import pytest

from napari_acs.review.cells import cell


@pytest.mark.parametrize(
    "typed",
    [
        "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "\r\n=1+1",
        "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)",
        ["=1+1", "b"], ("-cmd|' /C calc'!A0",),
    ],
)  # fmt: skip
def test_a_formula_is_a_text(typed):
    assert cell(typed).startswith("'")


@pytest.mark.parametrize("value", [0, -1.5, None, "", "1+1", "a\n=1+1", 3])
def test_numbers_and_other_texts_stay(value):
    assert cell(value) == value


def test_lists_and_answers_are_words():
    assert (cell(True), cell(False), cell(["a", "b"]), cell([])) == ("yes", "no", "a; b", "")


def test_what_no_file_may_hold_goes_and_the_table_can_be_read():
    said = cell("a\x00\x07\udc80b\r\nc")
    assert said == "a\ufffd\ufffd\ufffdb\nc"
    text = io.StringIO()
    csv.writer(text).writerow([said, "z"])
    assert list(csv.reader(io.StringIO(text.getvalue()))) == [[said, "z"]]
    text.getvalue().encode()
