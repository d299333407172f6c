"""Two diameters as lines of a Shapes layer that the user can drag, and their true lengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.viewer.info import OVERLAY

if TYPE_CHECKING:
    from napari.layers import Labels, Shapes
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid
    from napari_acs.review.measure.measures import RegionMeasures

NAME = "diameters"
ON_SCAN = "diameters, on the scan"
_COLOURS = ("#ffffff", "#00e5ff")
_MOVED_VOXELS = 1e-3


@dataclass(frozen=True)
class HandDiameters:
    """Two lines that the user moved.

    Attributes
    ----------
    region : str
    diameter_mm, perpendicular_mm : float
        The longer and the shorter.
    product_mm2 : float
    angle_deg : float
        Between them, 0 to 90.
    note : str
        What is to be known of them besides.
    """

    region: str
    diameter_mm: float
    perpendicular_mm: float
    product_mm2: float
    angle_deg: float
    note: str = ""

    def sentence(self) -> str:
        """Say the lengths, and that they are the user's."""
        lengths = f"{self.diameter_mm:.1f} x {self.perpendicular_mm:.1f} mm"
        said = f"{self.region}, edited by hand: {lengths}, product {self.product_mm2:.0f} mm2."
        if self.angle_deg < 85:
            said += f" The lines are at {self.angle_deg:.0f} degrees, not at right angles."
        return f"{said} {self.note}".rstrip()


def lines_of(region: RegionMeasures, name: str) -> list[NDArray[np.float64]]:
    """Return the largest diameter and its perpendicular as lines (2, 3) of indices (z, y, x).

    Raises
    ------
    BadInput
        The region has no lesion.
    """
    found = region.largest_axial
    if found is None:
        raise BadInput(f"{name} has no lesion to measure", do="Choose another region")
    lines = [found.diameter, *([found.perpendicular] if found.perpendicular else [])]
    return [np.array(line.ends_index_zyx, float) for line in lines]


def projected(lines: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Return lines (2, 3) as they are seen in a slice through the middle of the first, by view.

    napari draws a line in a slice only where both ends lie in it. The two lines come for slices
    along z, then for those along y, then x; what is not along the slices is as it was.
    """
    middle = np.round(lines[0].mean(axis=0))
    flat = []
    for axis in range(3):
        for line in lines:
            seen = line.copy()
            seen[:, axis] = middle[axis]
            flat.append(seen)
    return flat


def diameters_layer(
    place: Mapping[str, Any], lines: list[NDArray[np.float64]], name: str = NAME, of: int = 2
) -> Shapes:
    """Return a Shapes layer of these lines.

    Parameters
    ----------
    place : mapping
        Scale, translation, units and labels of the axes: of the array whose indices they are.
    lines : list of ndarray, shape (2, 3)
    name : str
    of : int
        How many are measured.
    """
    from napari.layers import Shapes  # noqa: PLC0415 (napari is slow)

    return Shapes(
        lines,
        shape_type="line",
        ndim=3,
        name=name,
        metadata={OVERLAY: True},
        **place,
        edge_color=colours(lines, of),
        edge_width=0.8,
    )


def colours(lines: list[NDArray[np.float64]], of: int) -> list[str]:
    """Return the colours of lines, of which every ``of`` are those that are measured."""
    return [_COLOURS[place % of] for place in range(len(lines))]


def place_of(layer: Labels) -> dict[str, Any]:
    """Return where a mask's array lies on the canvas."""
    return {
        "scale": layer.scale[-3:],
        "translate": layer.translate[-3:],
        "units": layer.units[-3:],
        "axis_labels": layer.axis_labels[-3:],
    }


def lines_in(layer: Shapes) -> list[NDArray[np.float64]]:
    """Return the lines of a layer as indices (z, y, x)."""
    return [np.asarray(line, float)[:, -3:] for line in layer.data]


def moved(layer: Shapes, drawn: list[NDArray[np.float64]]) -> bool:
    """Whether the lines are no longer where they were drawn."""
    now = lines_in(layer)
    return len(now) != len(drawn) or any(
        a.shape != b.shape or bool(np.abs(a - b).max() > _MOVED_VOXELS)
        for a, b in zip(now, drawn, strict=True)
    )


def lengths_in(layer: Shapes, grid: Grid, region: str) -> HandDiameters:
    """Measure the two lines of a layer in true mm.

    Parameters
    ----------
    layer : Shapes
        Lines in voxel indices of the displayed array.
    grid : Grid
        Of that array, in LPS order; of a plane that was cut, its own.
    region : str

    Raises
    ------
    BadInput
        There are not two lines with two ends.
    """
    lines = lines_in(layer)
    if len(lines) != 2 or any(len(line) != 2 for line in lines):
        raise BadInput(
            "The diameters cannot be read",
            found=f"{len(lines)} shape(s)",
            expected="two lines with two ends",
            do="Click 'Draw diameters' again",
        )
    along = [np.subtract(*grid.index_to_point(line[:, ::-1])) for line in lines]
    lengths = [float(np.linalg.norm(each)) for each in along]
    long, short = max(lengths), min(lengths)
    cosine = abs(float(along[0] @ along[1])) / (long * short) if short > 0 else 0.0
    angle = float(np.degrees(np.arccos(min(1.0, cosine))))
    return HandDiameters(region, long, short, long * short, angle)
