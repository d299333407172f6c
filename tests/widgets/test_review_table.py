"""A worklist of thousands: a change costs its own line, and no name is cut."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import pytest

from napari_acs.review.session.worklist import Row
from napari_acs.widgets.review_table import ReviewTable

MANY = 2000


def row(number: int) -> Row:
    return Row(
        item=number,
        case=f"study-{number:012x}",
        read=1,
        status="to do",
        ai="shown",
        bulk=False,
        audited=False,
        uncertainty=number / MANY,
        volume_ml=1.0,
        edits=0,
        seconds=0.0,
        note="",
    )


@pytest.fixture
def rows() -> list[Row]:
    return [row(number) for number in range(1, MANY + 1)]


@pytest.fixture
def table(qtbot, rows):
    table = ReviewTable()
    qtbot.addWidget(table)
    with qtbot.waitExposed(table):
        table.show()
    table.show_rows(rows, 1)
    return table


def test_one_case_that_changes_among_thousands_is_one_line_drawn(table, rows):
    before = [table.table.item(number, 2) for number in range(MANY)]
    rows[6] = replace(rows[6], status="corrected", note="edge")
    began = perf_counter()
    table.show_rows(rows, 1)
    for key in (4, 4, 0):  # all lines are others: each put in had measured all, for minutes
        table._on_header(key)
    assert perf_counter() - began < 20
    table._on_header(1)
    assert [table.table.item(number, 0).text() for number in range(3)] == [r.case for r in rows[:3]]
    assert table.table.item(6, 2).text() == "corrected" and table.table.item(6, 1).text() == "✎"
    drawn = [table.table.item(number, 2) for number in range(MANY)]
    rows[6] = replace(rows[6], status="rejected")
    table.show_rows(rows, 1)
    after = [table.table.item(number, 2) for number in range(MANY)]
    assert [n for n in range(MANY) if after[n] is not drawn[n]] == [6]
    assert after[6].text() == "rejected" and before[6] is not after[6]
    table.show_current(3)
    assert [table.table.item(n, 0).font().bold() for n in range(4)] == [False, False, True, False]
    table.text.setText("no such case")
    assert table.table.rowCount() == 0
    table.text.setText("")
    assert table.table.item(6, 2).text() == "rejected"


def test_the_longest_name_is_whole_wherever_it_stands(table, rows):
    narrow = table.table.columnWidth(0)
    rows[-1] = replace(rows[-1], case="a name that somebody kept, and is long")
    table.show_rows(rows, 1)
    cell = table.table.item(MANY - 1, 0)
    wide = table.table.fontMetrics().horizontalAdvance(cell.text())
    assert table.table.columnWidth(0) >= wide > narrow


def test_a_note_is_read_over_its_sign_and_the_rest_of_the_line_says_what_became_of_it(qtbot):
    table = ReviewTable()
    qtbot.addWidget(table)
    noted = replace(row(2), note="edge unclear", bulk=True, audited=True, uncertainty=None)
    table.show_rows([row(1), noted], 1)
    tips = [[table.table.item(line, column).toolTip() for column in (0, 1, 2)] for line in (0, 1)]
    assert [tip[1] for tip in tips] == ["", "edge unclear"]
    assert tips[1][0] == tips[1][2]
    assert "accepted in bulk, drawn for the audit" in tips[1][0]
    assert "accepted in bulk" not in tips[0][0]
    assert table.table.item(1, 4).text() == "", "nobody said how sure a model was"
