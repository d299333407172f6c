"""From dates to days since a patient's first exam.

A session holds no dates: the days order the exams and say how far they are apart, and tell nobody
when the patient was in hospital.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_acs.review.session.sources import Source


def date_in(text: str) -> date | None:
    """Return the day that a text begins with, as ISO 8601 or DICOM write it, or None.

    Parameters
    ----------
    text : str
        ``2023-01-31``, ``2023-01-31T10:11:12``, ``20230131``.
    """
    plain = text.strip()
    said, form = (plain[:10], "%Y-%m-%d") if plain[4:5] == "-" else (plain, "%Y%m%d")
    width = 10 if form == "%Y-%m-%d" else 8
    if len(said) != width or (len(plain) > width and plain[width] not in "T "):
        return None
    try:
        return datetime.strptime(said, form).date()
    except ValueError:
        return None


def days_of(sources: Sequence[Source]) -> list[int | None]:
    """Return the days since the first exam of the same patient, of each study.

    None where nobody said who the patient is, or when the exam was.
    """
    dates = [date_in(source.date) if source.patient else None for source in sources]
    first: dict[str, date] = {}
    for source, day in zip(sources, dates, strict=True):
        if day is not None:
            first[source.patient] = min(day, first.get(source.patient, day))
    return [
        None if day is None else (day - first[source.patient]).days
        for source, day in zip(sources, dates, strict=True)
    ]
