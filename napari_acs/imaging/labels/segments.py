"""What the numbers of a label map stand for, and who drew them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_UNNAMED = ("#d62728", "#00a08a", "#ffd400", "#1f77b4", "#9467bd", "#ff7f0e", "#17becf", "#e377c2")
"""Colours of labels that nobody named, told apart on a grey image."""

How = Literal["AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"]


@dataclass(frozen=True)
class SegmentName:
    """One label: its number in the array, and what it is called and coloured.

    Parameters
    ----------
    value : int
        1 to 255.
    name : str
        Short: ``"ED"``.
    title : str
        As people read it: ``"oedema"``.
    colour : str
        ``"#rrggbb"``.

    Raises
    ------
    ValueError
        A value or a colour out of range, or an empty title.
    """

    value: int
    name: str
    title: str
    colour: str = "#d62728"

    def __post_init__(self) -> None:
        if not 1 <= self.value <= 255:
            raise ValueError(f"a segment with the number {self.value} (1 to 255 are possible)")
        if not _COLOUR.fullmatch(self.colour):
            raise ValueError(f"the colour {self.colour!r} (#rrggbb is needed)")
        if not self.title.strip():
            raise ValueError(f"segment {self.value} without a title")

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red, green, blue


@dataclass(frozen=True)
class Maker:
    """What drew a mask, for formats that record it.

    Attributes
    ----------
    how : {"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}
        A network alone, a network and a person, or a person alone.
    model : str
        Name of the algorithm; of no use where ``how`` is manual.
    version : str
        Of the algorithm.
    """

    how: How = "SEMIAUTOMATIC"
    model: str = "napari-acs"
    version: str = ""


UNSPECIFIED = Maker()
"""Of a mask of which nothing is known: drawn with this program, by whatever means."""


def unnamed(value: int) -> SegmentName:
    """Return a stand-in for a label that nobody named."""
    colour = _UNNAMED[(value - 1) % len(_UNNAMED)]
    return SegmentName(value, f"label{value}", f"Label {value}", colour)


def name_segments(
    values: Iterable[int], given: Sequence[SegmentName] = ()
) -> tuple[SegmentName, ...]:
    """Return one name for each label value, in ascending order; nameless ones get a stand-in.

    Raises
    ------
    BadInput
        Two of the given names are for one number.
    """
    known: dict[int, SegmentName] = {}
    for segment in given:
        if segment.value in known:
            raise BadInput(
                f"the number {segment.value} is given to two segments",
                found=f"{known[segment.value].title!r} and {segment.title!r}",
                expected="one segment a number",
            )
        known[segment.value] = segment
    return tuple(known.get(value) or unnamed(value) for value in sorted({*values} - {0}))


def label_values(labels: NDArray[np.uint8]) -> list[int]:
    """Return the labels that occur, ascending, without 0."""
    return (1 + np.flatnonzero(np.bincount(labels.reshape(-1), minlength=256)[1:])).tolist()


def dicom_text(text: str, length: int = 64) -> str:
    """Return a text as a single DICOM value of at most ``length`` characters."""
    plain = "".join(c if c.isprintable() and c != "\\" else "/" for c in text)
    return plain[:length].strip()


def hex_colour(red: float, green: float, blue: float) -> str:
    """Return ``#rrggbb`` of parts from 0 to 1; parts out of range are clipped."""
    parts = (round(255 * min(max(part, 0.0), 1.0)) for part in (red, green, blue))
    return "#" + "".join(f"{part:02x}" for part in parts)
