"""Two dates: what of a tumour at one of them lies outside of the scan at the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.review.boxes import bounding_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid

_EDGE_MM = 1.0
"""So far beyond the last voxels of a scan counts as in it: two exams are laid on each other no
better than that."""


def unseen_ml(labels: NDArray[Any], grid: Grid, other: Grid) -> float:
    """Return the volume of a tumour whose place another scan does not show.

    Parameters
    ----------
    labels : ndarray of int, shape (z, y, x)
        0 is none.
    grid : Grid
        Of ``labels``.
    other : Grid
        Of the other scan, in the same patient space.
    """
    box = bounding_box(labels)
    if box is None:
        return 0.0
    points = grid.crop(box).index_to_point(np.argwhere(labels[box])[:, ::-1])
    at = other.point_to_index(points)
    edge = 0.5 + _EDGE_MM / np.asarray(other.spacing)
    beyond = ((at < -edge) | (at > np.asarray(other.size) - 1 + edge)).any(axis=1)
    return int(np.count_nonzero(beyond)) * grid.voxel_ml


def unseen_note(before_ml: float, after_ml: float, from_ml: float) -> str:
    """Return what to say where a scan does not show the tumour of the other date.

    Parameters
    ----------
    before_ml : float
        Of the earlier tumour, outside of the later scan.
    after_ml : float
        Of the later tumour, outside of the earlier scan.
    from_ml : float
        Less is not said.
    """
    said = []
    if before_ml >= from_ml:
        said.append(
            f"{before_ml:.2f} ml of the earlier tumour lie outside of the later scan: they are "
            "counted as gone, and may be there."
        )
    if after_ml >= from_ml:
        said.append(
            f"{after_ml:.2f} ml of the later tumour lie outside of the earlier scan: they are "
            "counted as grown or new, and may have been there."
        )
    return " ".join(said)
