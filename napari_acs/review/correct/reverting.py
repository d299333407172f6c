"""Take corrections back, in a box or in one place, to what the model had predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_acs.errors import BadInput
from napari_acs.review.boxes import bounding_box, moved
from napari_acs.review.correct.brush import checked_points

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_acs.review.correct.canvas import Canvas
    from napari_acs.review.correct.change import Change

_TOUCHING = np.ones((3, 3, 3), bool)


def revert(canvas: Canvas, prediction: NDArray[np.uint8]) -> Change:
    """Make the mask what the prediction was, in the canvas's box.

    Parameters
    ----------
    canvas : Canvas
    prediction : ndarray of uint8, shape (z, y, x)

    Raises
    ------
    BadInput
        The prediction is of another shape, or has labels that the mask may not have.
    """
    canvas.on_same_grid(prediction, "The prediction")
    said = "Back to the prediction"
    found = bounding_box(canvas.labels[canvas.within] != prediction[canvas.within])
    if found is None:
        return canvas.nothing(said)
    window = moved(found, canvas.within)
    return canvas.change(window, canvas.nesting.depth(prediction[window]), said)


def revert_part(canvas: Canvas, prediction: NDArray[np.uint8], at: ArrayLike) -> Change:
    """Take back the one correction that covers a voxel.

    That is all voxels that differ from the prediction and hang together with this one, across
    faces, edges or corners.

    Parameters
    ----------
    canvas : Canvas
    prediction : ndarray of uint8, shape (z, y, x)
    at : array, shape (3,)
        Continuous voxel index (z, y, x).

    Raises
    ------
    BadInput
        As `revert`, and where nothing was corrected at that voxel.
    """
    canvas.on_same_grid(prediction, "The prediction")
    index = np.floor(checked_points(at)[0] + 0.5).astype(int).tolist()
    if not all(0 <= i < n for i, n in zip(index, canvas.shape, strict=True)) or (
        canvas.labels[tuple(index)] == prediction[tuple(index)]
    ):
        raise BadInput(
            f"Nothing was corrected at voxel {tuple(index)} (z, y, x)",
            do="Click on a voxel that differs from the prediction",
        )
    differs = canvas.labels != prediction
    window = bounding_box(differs)
    if window is None:  # not reached: the voxel above differs
        return canvas.nothing("Back to the prediction")
    parts, _ = ndimage.label(differs[window], _TOUCHING)
    own = parts == parts[tuple(i - s.start for i, s in zip(index, window, strict=True))]
    depth = np.where(own, canvas.nesting.depth(prediction[window]), canvas.depth(window))
    return canvas.change(window, depth, f"Correction at voxel {tuple(index)} taken back")
