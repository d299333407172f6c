"""Read DICOM RT structure sets: contours in patient mm, rasterised on a given grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.outline import area_and_centroid, fill
from napari_acs.imaging.labels.measure import Measured
from napari_acs.imaging.labels.segments import SegmentName, unnamed
from napari_acs.imaging.labels.segnrrd import overlap
from napari_acs.imaging.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from napari_acs.imaging.grid import Grid

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_LEVEL = 0.1
"""A contour may leave its slice by this part of the distance of slices."""
_BETWEEN = 0.25
"""A contour further than this from the nearest slice lies between slices."""


@dataclass(frozen=True)
class Structures:
    """A structure set as it stands in the file.

    Attributes
    ----------
    file : str
    contours : tuple of (SegmentName, tuple of ndarray)
        Each region with its closed polygons, shape (n, 3) in LPS mm.
    notes : tuple of str
        What was left out, a sentence each.
    """

    file: str
    contours: tuple[tuple[SegmentName, tuple[NDArray[np.float64], ...]], ...]
    notes: tuple[str, ...]


def load_rtstruct(path: Path, dataset: Dataset) -> Structures:
    """Read names and contours; points and open contours are left out with a note.

    Raises
    ------
    BadInput
        No closed contour, or contours that are no lists of points.
    """
    by_number = {}
    numbers = [int(item.ROINumber) for item in dataset.get("StructureSetROISequence", ())]
    keep = all(1 <= number <= 255 for number in numbers) and len({*numbers}) == len(numbers)
    for position, item in enumerate(dataset.get("StructureSetROISequence", ()), start=1):
        number = int(item.ROINumber)
        title = str(item.get("ROIName", "")).strip() or f"Structure {number}"
        name = str(item.get("ROIDescription", "")).strip() or title
        by_number[number] = (number if keep else position, name, title)
    notes = [] if keep else ["The structures are numbered anew, in order"]
    found = []
    for item in dataset.get("ROIContourSequence", ()):
        value, name, title = by_number[int(item.ReferencedROINumber)]
        polygons, skipped = _polygons(item, path.name)
        if skipped:
            notes.append(f"{skipped} open contour(s) or point(s) of {title!r} were left out")
        colour = item.get("ROIDisplayColor")
        shown = "#" + bytes(map(int, colour)).hex() if colour else unnamed(value).colour
        if polygons:
            found.append((SegmentName(value, name, title, shown), tuple(polygons)))
    if not found:
        raise BadInput(
            f"{path.name} outlines nothing",
            found="no closed contour",
            expected="an RT structure set with closed planar contours",
        )
    return Structures(path.name, tuple(found), tuple(notes))


def _polygons(item: Dataset, name: str) -> tuple[list[NDArray[np.float64]], int]:
    polygons, skipped = [], 0
    for contour in item.get("ContourSequence", ()):
        if contour.get("ContourGeometricType") not in _CLOSED:
            skipped += 1
            continue
        numbers = _numbers(contour)
        if numbers.size % 3 or not np.isfinite(numbers).all():
            raise BadInput(
                f"{name} is damaged",
                found="a contour that is no list of points",
                expected="three numbers a point",
                do="Export it again",
            )
        if numbers.size >= 9:
            polygons.append(numbers.reshape(-1, 3))
        else:
            skipped += 1
    return polygons, skipped


def _numbers(contour: Dataset) -> NDArray[np.float64]:
    """Return a contour's coordinates; NaN where they are no numbers."""
    if "ContourData" not in contour:
        return np.zeros(0)
    # From the bytes: as pydicom's decimal strings, a large tumour's take a second.
    stored: Any = contour.get_item("ContourData").value
    parts = stored.split(b"\\") if isinstance(stored, bytes) else stored
    try:
        return np.array(parts).astype(np.float64)
    except ValueError:
        return np.full(3, np.nan)


def rtstruct_volume(structures: Structures, grid: Grid) -> Volume:
    """Rasterise on the slices of a grid, by world position and the even-odd rule.

    Raises
    ------
    BadInput
        Contours are not parallel to the slices, lie between or beyond them, or structures overlap.
    """
    array = np.zeros(grid.shape, np.uint8)
    titles: dict[int, str] = {}
    for segment, polygons in structures.contours:
        titles[segment.value] = segment.title
        on_slice: dict[int, list[NDArray[np.float64]]] = {}
        for polygon in polygons:
            index = grid.point_to_index(polygon)
            on_slice.setdefault(_slice_of(index, grid, structures.file), []).append(index[:, :2])
        for z, flat in on_slice.items():
            here = fill(flat, grid.size[1], grid.size[0])
            taken = np.unique(array[z][here])
            taken = taken[(taken != 0) & (taken != segment.value)]
            if len(taken):
                raise overlap(structures.file, titles[int(taken[0])], segment.title)
            array[z][here] = segment.value
    return Volume(array, grid)


def _slice_of(index: NDArray[np.float64], grid: Grid, file: str) -> int:
    depth = index[:, 2]
    z = round(float(depth.mean()))
    low, high = index[:, :2].min(axis=0), index[:, :2].max(axis=0)
    fault = ""
    if np.ptp(depth) > _LEVEL:
        fault = "contours that are not parallel to the slices"
    elif abs(float(depth.mean()) - z) > _BETWEEN:
        fault = "contours between the slices"
    elif not 0 <= z < grid.size[2] or (low < -0.6).any() or (high > np.array(grid.size[:2])).any():
        fault = "contours beyond the images"
    if fault:
        raise BadInput(
            f"{file} does not lie on the study's slices",
            found=fault,
            expected="contours on the slices of the images",
            do="Choose the series that it was drawn on",
        )
    return z


def measure_rtstruct(structures: Structures, slice_mm: float) -> dict[int, Measured]:
    """Measure every structure by the area and centroid of its polygons, without a grid of pixels.

    Holes count as such where they are joined by a bridge, as our own are.

    Parameters
    ----------
    structures : Structures
    slice_mm : float
        Distance of slices.

    Returns
    -------
    dict of int to Measured
        ``voxels`` is 0: contours have none.
    """
    found = {}
    for segment, polygons in structures.contours:
        total, moment = 0.0, np.zeros(3)
        for polygon in polygons:
            area, centroid = area_and_centroid(polygon)
            total += area
            moment += area * centroid
        if total:
            x, y, z = (moment / total).tolist()
            found[segment.value] = Measured(0, total * slice_mm / 1000.0, (x, y, z))
    return found
