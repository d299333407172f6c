"""Texts with the patient taken out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PEOPLE = (
    *("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName"),
    *("ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName", "PhysiciansOfRecord"),
    *("NameOfPhysiciansReadingStudy", "RequestingPhysician", "ResponsiblePerson"),
    *("InstitutionName", "InstitutionalDepartmentName", "InstitutionAddress"),
)
_IDS = ("PatientID", "OtherPatientIDs", "AccessionNumber")
_DATES = ("PatientBirthDate", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
_NESTED_IDS = "OtherPatientIDsSequence"
IDENTIFYING = (*_PEOPLE, *_IDS, *_DATES, _NESTED_IDS)
"""Keywords of the attributes that `scrub` takes out of a text."""

_SEPARATOR = r"[\s_^,;:/.-]"
_TOKEN = re.compile(r"[^\W_]+")
_RUN = re.compile(r"[^\W_]+(?:[-./_: ^,]+[^\W_]+)+")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def scrub(text: str, dataset: Dataset) -> str:
    """Take out of a text every token that is part of what identifies the patient.

    See `Scrubber`, which is quicker where one header scrubs many texts.
    """
    return Scrubber(dataset).scrub(text)


class Scrubber:
    """Takes the parts of names, IDs, dates and institutions of one header out of texts.

    Upper and lower case, accents and separators do not count: ``DOE^JANE`` takes ``Doe``,
    ``jane`` and ``JaneDoe1`` out; a date goes in the usual orders, and its year alone as well.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._words: set[str] = set()
        self._dates: set[str] = set()
        for keyword in (*_PEOPLE, *_IDS):
            for whole in _values(dataset, keyword):
                self._add(whole)
        for item in _items(dataset, _NESTED_IDS):
            for whole in _values(item, "PatientID"):
                self._add(whole)
        for keyword in _DATES:
            for whole in _values(dataset, keyword):
                self._dates.update(_spellings(re.sub(r"\D", "", whole)))
                self._words.update(re.findall(r"^\d{4}", whole))
        self._long = {word for word in self._words if len(word) >= 3 and not word.isdigit()}

    def scrub(self, text: str) -> str:
        """Return the text without them, its separators tidied up; most texts come back as is."""
        # Runs first: an ID or a date may be split by the very separators that split tokens.
        kept = _RUN.sub(lambda run: self._without_runs(run.group()), text)
        kept = _TOKEN.sub(lambda token: "" if self._names(token.group()) else token.group(), kept)
        if kept == text:
            return text
        return re.sub(rf"({_SEPARATOR}){_SEPARATOR}+", r"\1", kept).strip(" _^,;:/.-")

    def _add(self, whole: str) -> None:
        parts = [p for p in re.split(r"[\W_]+", _plain(whole)) if p]
        self._words.update(parts)
        self._words.add("".join(parts))
        self._words.update(a + b for a in parts for b in parts if a != b)
        self._words.discard("")

    def _names(self, part: str) -> bool:
        plain = _plain(part)
        if plain in self._words or plain in self._dates:
            return True
        # "Smith2" goes, "Smithson" stays.
        return any(plain.replace(word, "", 1).isdigit() for word in self._long if word in plain)

    def _without_runs(self, run: str) -> str:
        pieces = re.split(r"([^\W_]+)", run)
        words = [(i, _plain(p)) for i, p in enumerate(pieces) if i % 2]
        for length in (5, 4, 3, 2):
            for start in range(len(words) - length + 1):
                joined = "".join(word for _, word in words[start : start + length])
                if joined in self._dates or (len(joined) >= 4 and joined in self._words):
                    for index, _ in words[start : start + length]:
                        pieces[index] = ""
        return "".join(pieces)


def _plain(text: str) -> str:
    """Return lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _values(dataset: Dataset, keyword: str) -> Iterator[str]:
    try:
        found = dataset.get(keyword)
        many = found if isinstance(found, list | tuple) or hasattr(found, "append") else [found]
        yield from (str(one)[:256] for one in many or () if one)
    except Exception:  # a damaged value: pydicom raises whatever the bytes lead it to
        return


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    try:
        return [item for item in dataset.get(keyword) or () if hasattr(item, "get")]
    except Exception:  # as above
        return []


def _spellings(digits: str) -> set[str]:
    """Return the ways to write a date without separators."""
    if len(digits) < 8:
        return set()
    year, month, day = digits[:4], digits[4:6], digits[6:8]
    orders = {year + month + day, day + month + year, month + day + year}
    orders |= {order.replace(year, year[2:], 1) for order in set(orders)}
    if month.isdigit() and 1 <= int(month) <= 12:
        name = _MONTHS[int(month) - 1]
        orders |= {day + name + year, day + name + year[2:], name + day + year, year + name + day}
        short = (day.lstrip("0"), month.lstrip("0"))
        orders |= {
            short[0] + short[1] + year,
            short[1] + short[0] + year,
            year + short[1] + short[0],
        }
    return orders
