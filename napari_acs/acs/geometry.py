"""Where an ACS layer's kernels stand in the volume, from the settings of its 2D layer.

A 2D kernel has a centre tap, ``(k - 1) // 2`` on each of its axes; with dilation ``d`` it reaches
``d * ((k - 1) // 2)`` voxels below and ``d * (k // 2)`` above it. A padding of ``p`` puts the first
centre at voxel ``d * ((k - 1) // 2) - p``. In 3D the three kernels of a layer share their centres,
so each needs its own margin around the volume: :func:`plane_margins`.

Rows of the 2D kernel lie along y (axial) or z (coronal, sagittal), columns along x or y
(sagittal). Where rows and columns differ, z therefore follows the rows, x the columns, and y, which
is both, the longer reach of the two (the rows' in a tie) and the rows' stride.

Why ``(k - 1) // 2`` for an even kernel: with ``padding="same"`` the centres then are the voxels
themselves, as for odd kernels, and a plane neither shifts nor shortens the axis it leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Pair = tuple[int, int]
Margin = tuple[int, int]
"""Voxels added below and above an axis; negative ones are cut off."""

PLANES = ("axial", "coronal", "sagittal")
LEFT_OUT = {"axial": 2, "coronal": 3, "sagittal": 4}
"""The axis of (n, c, z, y, x) on which the kernels of a plane are one voxel thin."""

_ROWS, _COLUMNS = 0, 1
_ON_AXIS = {  # what of the 2D kernel lies along z, y, x
    "axial": (None, _ROWS, _COLUMNS),
    "coronal": (_ROWS, None, _COLUMNS),
    "sagittal": (_ROWS, _COLUMNS, None),
}


@dataclass(frozen=True)
class KernelGeometry:
    """The settings of a 2D layer that say where it looks: (rows, columns) each.

    Attributes
    ----------
    kernel, stride, dilation : tuple of int
    padding : tuple of (before, after)
        Voxels of padding, which differ for an even kernel with ``padding="same"``.
    """

    kernel: Pair
    stride: Pair
    padding: tuple[Margin, Margin]
    dilation: Pair

    def reach(self, side: int) -> Margin:
        """Return how far rows (0) or columns (1) reach below and above their centre, voxels."""
        k, d = self.kernel[side], self.dilation[side]
        return d * ((k - 1) // 2), d * (k // 2)

    def leading(self) -> tuple[int, int, int]:
        """Return which side of the 2D kernel (0 rows, 1 columns) sets the margins of z, y, x."""
        wider = sum(self.reach(_COLUMNS)) > sum(self.reach(_ROWS))
        return _ROWS, _COLUMNS if wider else _ROWS, _COLUMNS


def same_padding(kernel: Pair, dilation: Pair) -> tuple[Margin, Margin]:
    """Return torch's ``padding="same"``: the odd voxel goes after."""
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    rows, columns = ((total // 2, total - total // 2) for total in totals)
    return rows, columns


def check_sides(geometry: KernelGeometry, sides: Sequence[int], layer: object) -> None:
    """Raise ValueError where not even one centre of the kernel lies in the padded volume.

    Parameters
    ----------
    geometry : KernelGeometry
    sides : sequence of int
        The volume's z, y, x in voxels.
    layer : object
        What the message names.
    """
    for lead, side in zip(geometry.leading(), sides, strict=True):
        spare = sum(geometry.padding[lead]) - sum(geometry.reach(lead))
        # Never asked of padded layers, so that exported graphs keep their sizes free.
        if spare < 0 and side + spare < 1:
            raise ValueError(f"a side of {side} voxels is too short for {layer!r}")


def volume_stride(geometry: KernelGeometry) -> tuple[int, int, int]:
    """Return the stride along z, y, x."""
    rows, columns = geometry.stride
    return rows, rows, columns


def on_volume(values: Pair, plane: str, left_out: int) -> tuple[int, int, int]:
    """Lay a (rows, columns) pair along z, y, x, with ``left_out`` on the remaining axis."""
    z, y, x = (left_out if side is None else values[side] for side in _ON_AXIS[plane])
    return z, y, x


def plane_margins(geometry: KernelGeometry, plane: str) -> tuple[Margin, Margin, Margin]:
    """Return the margins that a plane's convolution needs around the volume, along z, y, x.

    With them, a convolution without padding of its own stands on the layer's common centres, and
    as many of them as the dense convolution has, whatever the volume's size.
    """
    margins = []
    for own, lead in zip(_ON_AXIS[plane], geometry.leading(), strict=True):
        low, high = geometry.padding[lead]
        reach_low, reach_high = geometry.reach(lead)
        own_low, own_high = (0, 0) if own is None else geometry.reach(own)
        margins.append((low + own_low - reach_low, high + own_high - reach_high))
    z, y, x = margins
    return z, y, x
