"""Tables as spreadsheets write them, held to the csv module that wrote them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_acs.errors import BadInput
from napari_acs.imaging.csv_rows import read_csv_rows

# What a field may hold: a separator, a quote and a line break within it, too.
words = st.text("aZ9 ä,;\t\"'.\n", max_size=8).map(str.strip)


@given(
    rows=st.lists(st.tuples(words, words, words), max_size=4),
    separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_table_is_read_whatever_separates_it(tmp_path_factory, rows, separator, encoding, end):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end)
    writer.writerows([("study", "mask", "note"), *rows])
    file = tmp_path_factory.mktemp("table") / "t.csv"
    file.write_bytes(text.getvalue().encode(encoding))
    header, found = read_csv_rows(file)
    assert header == ("study", "mask", "note")
    assert [tuple(row.values()) for _, row in found] == [row for row in rows if any(row)]


def test_lines_have_their_numbers_in_the_file(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("study;mask\n\n;\na;b\nshort\n")
    assert read_csv_rows(file) == (
        ("study", "mask"),
        [(4, {"study": "a", "mask": "b"}), (5, {"study": "short", "mask": ""})],
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"study,mask\n\xe4rztin,b\n", "not UTF-8.*at byte 11.*Save it as CSV UTF-8"),
        (b'study,mask\n"a,b\n', "cannot be read as CSV"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, said):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(BadInput, match=said):
        read_csv_rows(tmp_path / "t.csv")


def test_an_empty_file_has_no_header(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"")
    assert read_csv_rows(tmp_path / "t.csv") == ((), [])
