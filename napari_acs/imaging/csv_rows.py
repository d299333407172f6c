"""Tables that users make: CSV with commas, semicolons or tabs, as their spreadsheet writes it."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

from napari_acs.errors import BadInput

_SEPARATORS = ",;\t"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_csv_rows(path: Path) -> tuple[tuple[str, ...], list[tuple[int, dict[str, str]]]]:
    """Read a table with a header.

    Spreadsheets separate with semicolons where a decimal has a comma: the separator is what the
    first line has most of.

    Parameters
    ----------
    path : Path
        UTF-8, or UTF-16 with its mark.

    Returns
    -------
    header : tuple of str
        As the file says it; empty for an empty file.
    rows : list of (int, dict of str to str)
        The line's number in the file, and what it says by column, without blanks around; nothing
        where it is too short. Lines that say nothing at all are left out.

    Raises
    ------
    BadInput
        The file cannot be read, or is no text in these encodings, or no table.
    """
    text = read_csv_text(path)
    try:
        first = text.partition("\n")[0]
        separator = max(_SEPARATORS, key=first.count)
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        header = tuple(reader.fieldnames or ())
        rows = [
            (reader.line_num, {key: (row.get(key) or "").strip() for key in header})
            for row in reader
        ]
    except csv.Error as error:
        raise BadInput(f"{path} cannot be read as CSV", found=str(error)) from error
    return header, [(number, row) for number, row in rows if any(row.values())]


def read_csv_text(path: Path) -> str:
    """Read the text of a table.

    Parameters
    ----------
    path : Path
        UTF-8, or UTF-16 with its mark.

    Raises
    ------
    BadInput
        The file cannot be read, or is no text in these encodings.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path} cannot be read as CSV",
            found=f"text that is not UTF-8 (at byte {error.start})",
            do="Save it as CSV UTF-8",
        ) from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read as CSV", found=str(error)) from error
    return text
