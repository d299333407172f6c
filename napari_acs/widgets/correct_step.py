"""The view goes on to the slice that was copied to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.viewer.correcting import show_voxel, slice_axis, slice_index

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Labels

    from napari_acs.widgets.correct_target import CorrectTarget


@dataclass(frozen=True, eq=False)
class _Copied:
    """From which slice of a mask, along which axis (of z, y, x), and how far on."""

    mask: Labels
    axis: int
    index: int
    by: int


class CorrectStep:
    """Keeps in mind where a copy began: the user may have gone elsewhere when it is done."""

    def __init__(self, dims: Dims, target: CorrectTarget) -> None:
        self._dims, self._target = dims, target
        self._copied: _Copied | None = None

    def begin(self, mask: Labels, axis: int, index: int, by: int) -> None:
        """Take it that a slice is being copied."""
        self._copied = _Copied(mask, axis, index, by)

    def go(self) -> None:
        """Go on, if that mask is in hand still, and the slice that was copied still in view."""
        copied, self._copied = self._copied, None
        mask, dims = self._target.layer, self._dims
        if copied is None or mask is None or mask is not copied.mask:
            return
        try:
            here = slice_axis(dims), slice_index(mask, dims)
        except BadInput:  # a 3D view
            return
        if here == (copied.axis, copied.index):
            point = mask.world_to_data(dims.point)[-3:]
            point[copied.axis] += copied.by
            show_voxel(mask, dims, point)
