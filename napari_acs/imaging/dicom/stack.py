"""Put the slices of one volume in order and compute their grid, or say why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.frame import Frame
from napari_acs.imaging.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_PLACE_MM = 0.01
"""Slices closer than this lie at one place."""
_UNIT = 1e-3
"""How far the row and column directions may be from perpendicular unit vectors."""
_SHARE = 0.02
"""Positions may be off the regular grid by this part of a voxel, and by the rounding below."""
_ROUNDING_MM = 0.02


@dataclass(frozen=True)
class Stack:
    """Slices in the order of the grid's z axis (along the normal, row x column)."""

    frames: tuple[Frame, ...]
    grid: Grid


def check_frames(title: str, frames: Sequence[Frame]) -> None:
    """Check that every slice says where it is, and that all are alike.

    Raises
    ------
    BadInput
        A slice without position, orientation or pixel spacing; directions that are no
        perpendicular unit vectors; slices of several sizes, spacings or orientations.
    """
    for keyword, values in (
        ("ImagePositionPatient", [frame.position for frame in frames]),
        ("ImageOrientationPatient", [frame.orientation for frame in frames]),
        ("PixelSpacing", [frame.spacing for frame in frames]),
    ):
        missing = sum(value is None for value in values)
        if missing:
            raise BadInput(
                f"{title} does not say where its voxels are",
                found=f"no usable {keyword} in {missing} of {len(values)} slices",
                expected=f"{keyword} in every slice",
                do="Export the series again with all of its tags, or convert it by other means",
            )
    sizes = sorted({(f.pixels.columns or 0, f.pixels.rows or 0) for f in frames})
    if len(sizes) > 1:
        raise _mixed(title, "sizes", [f"{x} x {y} voxels" for x, y in sizes])
    spacings = np.array([frame.spacing for frame in frames], float)
    if spacings.min() <= 0:
        raise BadInput(
            f"{title} does not say where its voxels are",
            found=f"a PixelSpacing of {spacings.min():g} mm",
            expected="positive numbers",
            do="Export the series again",
        )
    if not np.allclose(spacings, spacings[0], rtol=1e-4, atol=0):
        raise _mixed(title, "pixel spacings", sorted({f"{s[0]:g} x {s[1]:g} mm" for s in spacings}))
    for frame in frames:
        _axes(title, frame)
    turned = np.array([frame.orientation for frame in frames], float)
    odd = int((np.abs(turned - turned[0]).max(axis=1) > _UNIT).sum())
    if odd:
        raise _mixed(title, "orientations", [f"{odd} of {len(frames)} slices turned"])


def order(frames: Sequence[Frame]) -> tuple[list[Frame], NDArray[np.float64]]:
    """Sort checked slices along their normal; return them and their places on it in mm."""
    row, column = np.reshape(np.array(frames[0].orientation, float), (2, 3))
    normal = np.cross(row, column)
    normal /= np.linalg.norm(normal)
    places = np.array([frame.position for frame in frames], float) @ normal
    ranks = np.argsort(places, kind="stable")
    return [frames[i] for i in ranks], places[ranks]


def stack(title: str, frames: Sequence[Frame]) -> Stack:
    """Order the slices of one volume and compute its grid.

    Parameters
    ----------
    title : str
        What to call the series in a refusal.
    frames : sequence of Frame
        In any order.

    Raises
    ------
    BadInput
        What `check_frames` refuses; a single slice, two slices at one place, a missing slice,
        uneven distances, or slices that are shifted sideways (a gantry tilt).
    """
    check_frames(title, frames)
    if len(frames) == 1:
        raise BadInput(
            f"{title} is a single slice",
            found="one slice",
            expected="a volume of several slices",
            do="Choose the whole series",
        )
    ordered, places = order(frames)
    gaps = np.diff(places)
    _check_gaps(title, gaps)
    axes = _axes(title, ordered[0])
    positions = np.array([frame.position for frame in ordered], float)
    between_rows, between_columns = np.array(ordered[0].spacing, float)
    # Header numbers have 16 characters at most: beyond 1e-9 mm is rounding.
    step = round((places[-1] - places[0]) / (len(ordered) - 1), 9)
    regular = positions[0] + np.outer(np.arange(len(ordered)) * step, axes[:, 2])
    off = np.abs((positions - regular) @ axes).max(axis=0)
    if off[2] > _SHARE * step + _ROUNDING_MM:
        raise _uneven(title, gaps)
    if (off[:2] > _SHARE * np.array([between_columns, between_rows]) + _ROUNDING_MM).any():
        raise BadInput(
            f"{title} is a sheared stack (as from a tilted gantry)",
            found=f"slices shifted sideways by up to {off[:2].max():.3g} mm",
            expected="slices straight behind each other",
            do="Resample it to a regular grid by other means first",
        )
    size = (ordered[0].pixels.columns or 0, ordered[0].pixels.rows or 0, len(ordered))
    x, y, z = positions[0].tolist()
    try:
        grid = Grid(
            size, (between_columns, between_rows, float(step)), (x, y, z), tuple(axes.ravel())
        )
    except ValueError as error:
        raise BadInput(f"{title} does not say where its voxels are", found=str(error)) from error
    return Stack(tuple(ordered), grid)


def _axes(title: str, frame: Frame) -> NDArray[np.float64]:
    """Return directions of x, y and the normal as columns; rounding errors are evened out."""
    row, column = np.reshape(np.array(frame.orientation, float), (2, 3))
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(row @ column)) > _UNIT:
        raise BadInput(
            f"{title} does not say where its voxels are",
            found="an ImageOrientationPatient that is no pair of perpendicular unit vectors",
            expected="two directions of length 1 at a right angle",
            do="Export the series again",
        )
    row, column = row / lengths[0], column / lengths[1]
    lean = row @ column / 2
    row, column = row - lean * column, column - lean * row
    row, column = row / np.linalg.norm(row), column / np.linalg.norm(column)
    return np.stack([row, column, np.cross(row, column)], axis=1)


def _check_gaps(title: str, gaps: NDArray[np.float64]) -> None:
    usual = float(np.median(gaps))
    if gaps.min() < SAME_PLACE_MM:
        at = int(gaps.argmin())
        raise BadInput(
            f"{title} has two slices at one place",
            found=f"slices {at + 1} and {at + 2} {gaps[at]:.3g} mm apart",
            expected="one slice at each place",
            do="Remove the copies, or export one volume alone",
        )
    whole = np.rint(gaps / usual)
    holes = np.flatnonzero(whole > 1)
    if len(holes) and np.allclose(gaps, whole * usual, rtol=0, atol=0.1 * usual):
        first = int(holes[0])
        raise BadInput(
            f"{title} misses {int((whole - 1).sum())} slice(s)",
            found=f"a gap of {gaps[first]:.4g} mm between slices {first + 1} and {first + 2}",
            expected=f"{usual:.4g} mm, as elsewhere",
            do="Export or copy the whole series again",
        )
    if gaps.max() - gaps.min() > 0.2 * usual + _ROUNDING_MM:
        raise _uneven(title, gaps)


def _uneven(title: str, gaps: NDArray[np.float64]) -> BadInput:
    return BadInput(
        f"{title} has unevenly spaced slices",
        found=f"distances from {gaps.min():.4g} to {gaps.max():.4g} mm",
        expected="one distance throughout",
        do="Resample it to a regular grid by other means first",
    )


def _mixed(title: str, what: str, found: list[str]) -> BadInput:
    return BadInput(
        f"{title} mixes slices of several {what}",
        found=", ".join(found[:3]),
        expected="slices that are all alike",
        do="Export each volume as a series of its own",
    )
