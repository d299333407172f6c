"""The dense 3D kernel that holds a layer's 2D kernels in their planes, for any settings.

:mod:`napari_acs.acs.geometry` says where the taps of the three plane kernels stand around their
common centre. Here is the smallest box, on one lattice, that holds them all, with the margins that
a convolution with that box needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor, nn

from napari_acs.acs.geometry import (
    LEFT_OUT,
    KernelGeometry,
    Margin,
    on_volume,
    same_padding,
)

_T = TypeVar("_T")

_ROWS, _COLUMNS = 0, 1
_SIDES = ((_ROWS,), (_ROWS, _COLUMNS), (_COLUMNS,))  # what of a 2D kernel may lie along z, y, x


@dataclass(frozen=True)
class DenseBox:
    """A dense kernel's box around the common centre of three plane kernels, along z, y, x.

    Attributes
    ----------
    size : tuple of int
        Taps on each axis.
    centre : tuple of int
        The tap at the common centre.
    dilation : tuple of int
        Voxels between taps. Along y, where rows and columns both lie, their common divisor.
    margins : tuple of (below, above)
        Voxels to add around the volume, so that the box stands on the layer's centres.
    """

    size: tuple[int, int, int]
    centre: tuple[int, int, int]
    dilation: tuple[int, int, int]
    margins: tuple[Margin, Margin, Margin]


def kernel_geometry(conv: nn.Conv2d) -> KernelGeometry:
    """Return the geometry of a 2D layer; ``"same"`` and ``"valid"`` become numbers."""
    kernel, stride, dilation = _pair(conv.kernel_size), _pair(conv.stride), _pair(conv.dilation)
    if conv.padding == "same":
        padding = same_padding(kernel, dilation)
    else:
        rows, columns = (0, 0) if isinstance(conv.padding, str) else _pair(conv.padding)
        padding = (rows, rows), (columns, columns)
    return KernelGeometry(kernel, stride, padding, dilation)


def dense_box(geometry: KernelGeometry) -> DenseBox:
    """Return the smallest box that holds a layer's kernel in each of the three planes."""
    sizes, centres, steps, margins = [], [], [], []
    for sides, lead in zip(_SIDES, geometry.leading(), strict=True):
        below, above = (max(reach) for reach in zip(*map(geometry.reach, sides), strict=True))
        # The dilation of a kernel of one tap says nothing.
        step = math.gcd(*(geometry.dilation[s] for s in sides if geometry.kernel[s] > 1)) or 1
        low, high = geometry.padding[lead]
        lead_below, lead_above = geometry.reach(lead)
        sizes.append((below + above) // step + 1)
        centres.append(below // step)
        steps.append(step)
        margins.append((low + below - lead_below, high + above - lead_above))
    return DenseBox(_triple(sizes), _triple(centres), _triple(steps), _triple(margins))


def plane_taps(
    box: DenseBox, geometry: KernelGeometry, plane: str
) -> tuple[slice | int, slice | int, slice | int]:
    """Return the index, over z, y, x, of a plane kernel's taps in the box.

    The axis that the plane leaves out is indexed by a number, so that what is indexed has the 2D
    kernel's own shape (rows, columns).
    """
    index: list[slice | int] = []
    for axis, side in enumerate(on_volume((_ROWS, _COLUMNS), plane, -1)):
        if axis + 2 == LEFT_OUT[plane]:
            index.append(box.centre[axis])
            continue
        start = box.centre[axis] - geometry.reach(side)[0] // box.dilation[axis]
        # A kernel of one tap may have any dilation, and none is a step.
        step = max(1, geometry.dilation[side] // box.dilation[axis])
        index.append(slice(start, start + step * (geometry.kernel[side] - 1) + 1, step))
    z, y, x = index
    return z, y, x


def embed(weight: Tensor, box: DenseBox, geometry: KernelGeometry, plane: str) -> Tensor:
    """Write 2D kernels (..., rows, columns) into one plane of dense ones (..., z, y, x)."""
    dense = weight.new_zeros((*weight.shape[:-2], *box.size))
    dense[(..., *plane_taps(box, geometry, plane))] = weight
    return dense


def _pair(value: tuple[int, ...]) -> tuple[int, int]:
    rows, columns = value
    return rows, columns


def _triple(values: list[_T]) -> tuple[_T, _T, _T]:
    z, y, x = values
    return z, y, x
