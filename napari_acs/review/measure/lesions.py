"""The separate lesions of a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.boxes import Box
    from napari_acs.review.measure.axial import AxialStack

SMALLEST_ML = 0.05
"""Smaller components are not counted as lesions: 50 voxels of 1 mm, about as in the lesion-wise
evaluation of BraTS 2023 (github.com/rachitsaluja/BraTS-2023-Metrics). That leaves out those of 50,
too, and first joins components that growing by 3 voxels connects; here what is apart is apart."""

_IN_PLANE = np.zeros((3, 3, 3), bool)
_IN_PLANE[1] = True
_IN_PLANE.flags.writeable = False


@dataclass(frozen=True, eq=False)
class Components:
    """The lesions of one region.

    Attributes
    ----------
    numbers : ndarray of int32, shape (z, y, x)
        0 outside, 1 to ``len(voxels)`` in each lesion, -1 in components that are too small.
    voxels : tuple of int
        Of each lesion, largest first.
    boxes : tuple of tuple of slice
        Where each is in ``numbers``.
    ignored_voxels : int
        In the components that are too small.
    """

    numbers: NDArray[np.int32]
    voxels: tuple[int, ...]
    boxes: tuple[Box, ...]
    ignored_voxels: int


def components(mask: NDArray[np.bool_], smallest_voxels: float) -> Components:
    """Separate a region into components whose voxels share no face, edge or corner.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
    smallest_voxels : float
        Components of fewer voxels are not counted.

    Returns
    -------
    Components
        Lesions of one size come in the order of their place in the array.
    """
    found, count = ndimage.label(mask, np.ones((3, 3, 3), bool), output=np.int32)
    sizes = np.bincount(found.ravel(), minlength=count + 1)[1:]
    order = np.argsort(-sizes, kind="stable")
    kept = order[sizes[order] >= smallest_voxels]
    table = np.full(count + 1, -1, np.int32)
    table[0] = 0
    table[kept + 1] = np.arange(1, len(kept) + 1)
    boxes = ndimage.find_objects(found, count)
    ignored = int(sizes.sum() - sizes[kept].sum())
    voxels = tuple(sizes[kept].tolist())
    return Components(table[found], voxels, tuple(boxes[i] for i in kept.tolist()), ignored)


def islands(stack: AxialStack) -> tuple[NDArray[np.int32], list[list[tuple[int, Box]]]]:
    """Find the parts of each lesion that are connected within their axial plane.

    Parameters
    ----------
    stack : AxialStack
        Of lesion numbers, from `components`.

    Returns
    -------
    numbers : ndarray of int32, shape (z, y, x)
        Of islands; 0 outside.
    by_lesion : list of list of (int, tuple of slice)
        The islands of each lesion, first lesion first: number, and box in ``numbers``.
    """
    found, _ = ndimage.label(stack.array > 0, _IN_PLANE, output=np.int32)
    by_lesion: list[list[tuple[int, Box]]] = [[] for _ in range(int(stack.array.max(initial=0)))]
    for number, box in enumerate(ndimage.find_objects(found), start=1):
        plane = found[box][0] == number
        lesion = int(stack.array[box][0][plane][0])
        by_lesion[lesion - 1].append((number, box))
    return found, by_lesion
