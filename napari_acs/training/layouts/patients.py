"""Who a case is of, by its name."""

from __future__ import annotations

import re
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.csv_rows import read_csv_rows

_BRATS_2017 = re.compile(r"BraTS1[789]_(?P<patient>(?P<site>[A-Za-z0-9]+)_\w+)_\d+", re.IGNORECASE)
"""``Brats18_TCIA02_370_1``: year, patient with the site, number of the scan. 2017 to 2019 call a
patient by one name."""
_BRATS_2023 = re.compile(r"(?P<patient>BraTS-(?:\w+-)+?\d{4,6})-\d{3}", re.IGNORECASE)
_BRATS_2013 = re.compile(r"(?P<patient>brats_2013_pat\d+)_\d+", re.IGNORECASE)
_UPENN = re.compile(r"(?P<patient>UPENN-GBM-\d{5})_\d{2}", re.IGNORECASE)
"""``UPENN-GBM-00001_11``: 11 is before the operation, 21 the follow-up of the same patient."""
_VISIT = re.compile(r"(?P<patient>.+?)[-_](?:ses|visit|tp|timepoint)[-_]?\w+", re.IGNORECASE)

_MAPPING = ("name_mapping.csv", "name_mapping_validation_data.csv")
_NEWEST_FIRST = tuple(f"BraTS_20{year}_subject_ID" for year in (20, 19, 18, 17))


def patient_of(name: str, pattern: str | None = None) -> str:
    """Return the patient of a case.

    Parameters
    ----------
    name : str
        The case's.
    pattern : str, optional
        A regular expression whose first group (or whole match) is the patient; left out, the
        dialects of BraTS 2013 to 2024, UPENN-GBM and names that end in a visit (``_ses-2``) are
        known, and any other name is a patient of its own.

    Raises
    ------
    BadInput
        The pattern is no regular expression, or a name does not match it.
    """
    if pattern is not None:
        try:
            found = re.search(pattern, name)
        except re.error as error:
            raise BadInput(f"{pattern!r} is no regular expression", found=str(error)) from error
        if found is None:
            raise BadInput(
                f"The case {name} does not say its patient",
                expected=f"a name that matches {pattern}",
                do="Correct the pattern",
            )
        return found[1] if found.re.groups else found[0]
    for known in (_BRATS_2017, _BRATS_2023, _BRATS_2013, _UPENN, _VISIT):
        match = known.fullmatch(name)
        if match:
            return match["patient"]
    return name


def site_of(name: str) -> str:
    """Return the site in a BraTS 2017 to 2019 name, or nothing."""
    match = _BRATS_2017.fullmatch(name)
    return match["site"] if match else ""


def names_of_other_years(folder: Path) -> dict[str, tuple[str, str]]:
    """Return (the oldest name, HGG or LGG) by the newer ones, from BraTS 2020's own table.

    BraTS 2020 renamed the patients of the years before; ``name_mapping.csv``, which comes with
    it, says how. Without the table the dictionary is empty.

    Raises
    ------
    BadInput
        It cannot be read, has none of its columns, or says two things of one case.
    """
    known: dict[str, tuple[str, str]] = {}
    for file in (parent / name for parent in (folder, folder.parent) for name in _MAPPING):
        if not file.is_file():
            continue
        header, rows = read_csv_rows(file)
        if not set(_NEWEST_FIRST).intersection(header):
            raise BadInput(
                f"{file} does not say which case had which name",
                found=f"columns {', '.join(header) or '(none)'}",
                expected=f"those of BraTS 2020: {', '.join(_NEWEST_FIRST)}",
                do="Take the file of that name out of the folder, or mend its first line",
            )
        for number, row in rows:
            ids = [row.get(column, "") for column in _NEWEST_FIRST]
            ids = [name for name in ids if name and name != "NA"]
            if not ids:
                continue
            said = (ids[-1], row.get("Grade", ""))
            if known.setdefault(ids[0], said) != said:
                raise BadInput(
                    f"{file}, line {number}, says of {ids[0]} what another line does not",
                    found=f"{', '.join(said)}; and {', '.join(known[ids[0]])}",
                    expected="one line a case",
                    do="Correct the table",
                )
    return known
