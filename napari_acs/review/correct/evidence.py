"""What images say for and against a click: two tissues, learned from the mask around it.

Linear discriminant analysis (Fisher, 1936): both sides are Gaussians of all sequences at once with
one covariance, so the log ratio of their densities is linear in the images, and what unit an image
has does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_acs.review.boxes import Box, grown, inside, margin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_BLUR_MM = 1.0
_CLICK = 0.8
"""How much of the target's mean is the click's; the rest is the target's own around it."""
_FEWEST = 10
_RIDGE = 1e-3


def features(
    images: Sequence[NDArray[np.generic]], window: Box, spacing: Sequence[float]
) -> NDArray[np.float32]:
    """Return the images in a window, blurred by 1 mm against noise.

    Parameters
    ----------
    images : sequence of ndarray, shape (z, y, x)
        Whole, on one grid.
    window : Box
    spacing : sequence of float
        Along (z, y, x), in mm.

    Returns
    -------
    ndarray of float32, shape (n, z, y, x)
        What is no finite number counts as 0.
    """
    z, y, x = images[0].shape
    around = grown(window, margin(3 * _BLUR_MM, spacing), (z, y, x))
    sigma = [_BLUR_MM / side for side in spacing]
    blurred = [
        ndimage.gaussian_filter(
            np.nan_to_num(np.asarray(image[around], np.float32), posinf=0, neginf=0),
            sigma,
            mode="nearest",
            truncate=3.0,
        )
        for image in images
    ]
    return np.stack(blurred)[(slice(None), *inside(window, around))]


def log_ratio(
    values: NDArray[np.float32],
    target: NDArray[np.bool_],
    opposite: NDArray[np.bool_],
    click: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Return for every voxel how much more it looks like the target than like the other side.

    Parameters
    ----------
    values : ndarray of float32, shape (n, z, y, x)
    target, opposite : ndarray of bool, shape (z, y, x)
        What is on the side that the click is for, and what is not: what both are learned from.
    click : ndarray of bool, shape (z, y, x)
        Near the click; of the target, whatever the mask says.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        Log of the ratio of densities; 0 where the images say nothing.
    """
    there = _moments(values[:, opposite & ~click])
    if there is None:
        return np.zeros(target.shape, np.float32)
    mean = values[:, click].mean(axis=1, dtype=np.float64)
    spread = there[1]
    here = _moments(values[:, target])
    if here is not None:
        mean = _CLICK * mean + (1 - _CLICK) * here[0]
        spread = (spread + here[1]) / 2
    sides = np.diag(spread).copy()
    sides[sides <= 0] = 1.0  # an image without contrast here says nothing
    normal = np.linalg.solve(spread + _RIDGE * np.diag(sides), mean - there[0])
    middle = float(normal @ (mean + there[0])) / 2
    ratio: NDArray[np.float32] = np.tensordot(normal.astype(np.float32), values, 1)
    return ratio - np.float32(middle)


def _moments(
    samples: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    if samples.shape[1] < _FEWEST:
        return None
    return samples.mean(axis=1, dtype=np.float64), np.atleast_2d(np.cov(samples))
