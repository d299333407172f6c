"""A slice as a PNG: radiological display, true proportions, contours, diameters, letters."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_dilation, binary_erosion

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLOURS: Final[Mapping[str, str]] = {"WT": "#00a08a", "TC": "#d62728", "ET": "#ffd400"}
"""The colours in which the models' masks are shown: of the label that each region adds (oedema,
necrotic core, enhancing tumour)."""
CALIPER: Final = "#40e0ff"
_LONGEST_PX = 420
_GREYS = 240
_PALETTE = (*COLOURS.values(), CALIPER)
_BAR_MM = 50.0
Point = tuple[float, float]


@dataclass(frozen=True)
class Letters:
    """Sides of the patient at the edges of a picture."""

    top: str
    bottom: str
    left: str
    right: str


@dataclass(frozen=True, eq=False)
class Picture:
    """A slice that was drawn.

    Attributes
    ----------
    png : bytes
    width, height : int
        In pixels.
    sequence : str
    why : tuple of str
        Why this slice is shown.
    level : int
        Axial plane, from the feet, 0 the first.
    letters : Letters
    box : tuple of int
        First and last row, first and last column of the plane that is shown; ends excluded.
    pixels_per_mm : float
    interpolated : bool
        The sequence lies on another grid than the mask, and was brought to it.
    """

    png: bytes
    width: int
    height: int
    sequence: str
    why: tuple[str, ...]
    level: int
    letters: Letters
    box: tuple[int, int, int, int]
    pixels_per_mm: float
    interpolated: bool


def draw(
    plane: NDArray[Any],
    regions: Mapping[str, NDArray[np.bool_]],
    sides_mm: tuple[float, float],
    window: tuple[float, float],
    letters: Letters,
    lines: Sequence[tuple[Point, Point]] = (),
) -> tuple[bytes, int, int, float]:
    """Draw an axial plane.

    Contours follow the sides of the mask's voxels: a pixel of a contour touches one. Where the
    contours of two regions coincide, the inner one is seen.

    Parameters
    ----------
    plane : ndarray, shape (rows, columns)
        Rows from front to back, columns from the patient's right to left.
    regions : mapping of str to ndarray of bool, shape (rows, columns)
        WT, TC and ET, in this order.
    sides_mm : tuple of float
        Of a voxel: down, across.
    window : tuple of float
        Values that are shown black and white.
    letters : Letters
    lines : sequence of two points
        Continuous indices (row, column); whole numbers are voxel centres.

    Returns
    -------
    png : bytes
    width, height : int
        In pixels.
    pixels_per_mm : float
        Across; down, rounding of the size to whole pixels aside, the same.
    """
    rows, columns = plane.shape
    scale = _LONGEST_PX / max(rows * sides_mm[0], columns * sides_mm[1])
    height = max(1, round(rows * sides_mm[0] * scale))
    width = max(1, round(columns * sides_mm[1] * scale))
    low, high = window
    part = np.clip((plane.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1)
    grey = Image.fromarray((part * 255).astype(np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    _write(grey, letters, scale)
    indexed = (np.asarray(grey, np.float32) * ((_GREYS - 1) / 255)).round().astype(np.uint8)
    for number, mask in enumerate(regions.values()):
        indexed[contour(mask, height, width)] = _GREYS + number
    picture = Image.fromarray(indexed)
    picture.putpalette(_palette())
    pen = ImageDraw.Draw(picture)
    # Black below: a rim that enhances is as bright as the line.
    for colour, thick in ((0, 5), (_GREYS + len(COLOURS), 3)):
        for ends in lines:
            places = [((c + 0.5) * width / columns, (r + 0.5) * height / rows) for r, c in ends]
            pen.line(places, fill=colour, width=thick)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue(), width, height, width / (columns * sides_mm[1])


def contour(mask: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    """Return the pixels (height, width) on both sides of a mask's border, in a larger picture."""
    rows, columns = mask.shape
    down = ((np.arange(height) + 0.5) * rows / height).astype(int)
    across = ((np.arange(width) + 0.5) * columns / width).astype(int)
    large = mask[np.ix_(down, across)]
    border: NDArray[np.bool_] = binary_dilation(large) & ~binary_erosion(large, border_value=1)
    return border


def _write(grey: Image.Image, letters: Letters, scale: float) -> None:
    pen = ImageDraw.Draw(grey)
    font = ImageFont.load_default(18)
    width, height = grey.size
    middle, centre = height / 2, width / 2
    for text, place, anchor in (
        (letters.top, (centre, 4), "mt"),
        (letters.bottom, (centre, height - 4), "mb"),
        (letters.left, (5, middle), "lm"),
        (letters.right, (width - 5, middle), "rm"),
    ):
        pen.text(place, text, 255, font, anchor, stroke_width=2, stroke_fill=0)
    bar = _BAR_MM * scale
    if bar < width / 2:
        y = height - 8
        pen.line([(8, y), (8 + bar, y)], fill=0, width=6)
        pen.line([(8, y), (8 + bar, y)], fill=255, width=2)
        pen.text((8, y - 5), "5 cm", 255, ImageFont.load_default(12), "lb",
                 stroke_width=2, stroke_fill=0)  # fmt: skip


def _palette() -> list[int]:
    greys = np.repeat(np.linspace(0, 255, _GREYS).round().astype(int), 3).tolist()
    return [*greys, *(part for colour in _PALETTE for part in bytes.fromhex(colour[1:]))]
