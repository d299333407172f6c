"""Where the frames of a DICOM object lie: positions and directions as its header states them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

_SAME = 1e-3
"""Frames are parallel when no cosine differs by more than this."""
_OFF = 0.05
"""A plane may be this part of a voxel off a regular stack."""


@dataclass(frozen=True)
class Frames:
    """Frames that are parallel and of one pixel size.

    Attributes
    ----------
    positions : ndarray, shape (n, 3)
        Centre of the first pixel of each frame, LPS mm.
    cosines : ndarray, shape (2, 3)
        Direction in which the column index grows, then that in which the row index grows.
    pixel : tuple of float
        Distance of pixel centres in mm, from column to column, then from row to row.
    gap : float or None
        Distance of slices in mm, as the header says; None where it does not.
    """

    positions: NDArray[np.float64]
    cosines: NDArray[np.float64]
    pixel: tuple[float, float]
    gap: float | None

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector across the frames, by the right-hand rule."""
        cross: NDArray[np.float64] = np.cross(self.cosines[0], self.cosines[1])
        return cross / np.linalg.norm(cross)


def frames_of(dataset: Dataset, name: str) -> Frames:
    """Read where the frames of an object lie.

    Parameters
    ----------
    dataset : Dataset
        A single image, or a multi-frame object with functional groups.
    name : str
        Of the file, for refusals.

    Raises
    ------
    BadInput
        Something is missing, or the frames are not parallel and of one pixel size.
    """
    groups = _groups(dataset)
    try:
        at = [[float(v) for v in group[0].ImagePositionPatient] for group in groups]
        turns = [[float(v) for v in group[1].ImageOrientationPatient] for group in groups]
        sizes = [[float(v) for v in group[2].PixelSpacing] for group in groups]
    except (AttributeError, TypeError, ValueError) as error:
        raise BadInput(
            f"{name} does not say where its frames are",
            found=f"a missing position, orientation or pixel spacing ({error})",
            expected="an image or a segmentation in patient coordinates",
        ) from error
    if np.ptp(turns, axis=0).max() > _SAME or np.ptp(sizes, axis=0).max() > _SAME * max(sizes[0]):
        raise BadInput(
            f"{name} is no stack of slices",
            found="frames of different orientation or pixel size",
            expected="parallel frames",
            do="Choose a series of one orientation",
        )
    row, column = sizes[0]
    measures = groups[0][2]
    gap = measures.get("SpacingBetweenSlices") or measures.get("SliceThickness")
    cosines = np.reshape(turns[0], (2, 3))
    return Frames(np.array(at), cosines, (column, row), abs(float(gap)) if gap else None)


def _groups(dataset: Dataset) -> list[tuple[Dataset, Dataset, Dataset]]:
    """Return for each frame what holds its position, its orientation and its pixel spacing."""
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        return [(dataset, dataset, dataset)]
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [None])[0]

    def find(own: Dataset, keyword: str) -> Dataset:
        for group in (own, shared):
            if group is not None and group.get(keyword):
                return group[keyword].value[0]  # type: ignore[no-any-return]
        return own  # lacks it, and the caller says so

    keywords = ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
    return [
        (find(own, keywords[0]), find(own, keywords[1]), find(own, keywords[2]))
        for own in dataset.PerFrameFunctionalGroupsSequence
    ]


def stack_grid(frames: Frames, columns: int, rows: int, name: str) -> tuple[Grid, NDArray[np.intp]]:
    """Return the grid that the frames lie on, and each frame's index along its z axis.

    Parameters
    ----------
    frames : Frames
        In any order; several may lie on one plane, and planes may be missing in between.
    columns, rows : int
        Size of a frame.
    name : str
        Of the file, for refusals.

    Raises
    ------
    BadInput
        The planes are not evenly spaced, are shifted against each other, or are one alone of
        unknown thickness.
    """
    depth = frames.positions @ frames.normal
    planes = np.unique(np.round(depth, 4))
    steps = np.diff(planes)
    steps = steps[steps > _OFF * min(frames.pixel)]
    gap = frames.gap
    if gap is None or (len(steps) and _uneven(steps, gap)):
        gap = float(steps.min()) if len(steps) else None  # thickness is not always the distance
    if gap is None:
        raise _irregular(name, "one plane of unknown thickness")
    first = int(np.argmin(depth))
    index = np.rint((depth - depth[first]) / gap).astype(np.intp)
    last = int(index.max())
    if last:
        gap = float((depth.max() - depth[first]) / last)  # not summing up the header's rounding
    straight = frames.positions[first] + np.outer(index * gap, frames.normal)
    if np.linalg.norm(frames.positions - straight, axis=1).max() > _OFF * min(*frames.pixel, gap):
        raise _irregular(name, "planes that are unevenly spaced or shifted against each other")
    direction = np.stack([*frames.cosines, frames.normal], axis=1)
    x, y, z = frames.positions[first].tolist()
    try:
        grid = Grid(
            (columns, rows, last + 1), (*frames.pixel, gap), (x, y, z), tuple(direction.ravel())
        )
    except ValueError as error:
        raise _irregular(name, str(error)) from error
    return grid, index


def _uneven(steps: NDArray[np.float64], gap: float) -> bool:
    ratio = steps / gap
    return bool((np.abs(ratio - np.rint(ratio)) > _OFF).any() or (np.rint(ratio) < 1).any())


def _irregular(name: str, found: str) -> BadInput:
    return BadInput(
        f"{name} is no regular stack of slices",
        found=found,
        expected="parallel planes at one distance",
        do="Export it again on the grid of the images",
    )
