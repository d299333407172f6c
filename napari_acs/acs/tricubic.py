"""Cubic interpolation of volumes, which torch has for pictures only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.acs.whole import recorded_whole


@recorded_whole
def interpolate_tricubic(
    x: Tensor,
    size: Sequence[int] | int | None = None,
    scale_factor: Sequence[float] | float | None = None,
    align_corners: bool | None = None,
) -> Tensor:
    """Interpolate cubically along each axis: torch's bicubic in every slice, then along z.

    Parameters
    ----------
    x : Tensor, shape (n, c, z, y, x)
    size, scale_factor : number or three of them
        As in ``torch.nn.functional.interpolate``; one of the two.
    align_corners : bool, optional
        As there.

    Returns
    -------
    Tensor, shape (n, c, z', y', x')
    """
    n, c, z, y, width = x.shape
    sizes, scales = _three(size), _three(scale_factor)
    in_slices = x.transpose(1, 2).reshape(n * z, c, y, width)
    in_slices = F.interpolate(
        in_slices,
        size=None if sizes is None else list(sizes[1:]),
        scale_factor=None if scales is None else list(scales[1:]),
        mode="bicubic",
        align_corners=align_corners,
    )
    y, width = in_slices.shape[2:]
    columns = in_slices.reshape(n, z, c, y * width).transpose(1, 2)
    # A picture of z rows whose columns stay where they are.
    columns = F.interpolate(
        columns,
        size=None if sizes is None else [sizes[0], y * width],
        scale_factor=None if scales is None else [scales[0], 1.0],
        mode="bicubic",
        align_corners=align_corners,
    )
    return columns.reshape(n, c, columns.shape[2], y, width)


def _three(value: Sequence[Any] | float | None) -> tuple[Any, Any, Any] | None:
    if value is None:
        return None
    if isinstance(value, int | float):
        return value, value, value
    z, y, x = value
    return z, y, x


class TricubicUpsample(nn.Module):
    """``nn.Upsample(mode="bicubic")`` for volumes; see :func:`interpolate_tricubic`."""

    def __init__(
        self,
        size: Sequence[int] | int | None = None,
        scale_factor: Sequence[float] | float | None = None,
        align_corners: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.scale_factor, self.align_corners = size, scale_factor, align_corners

    def extra_repr(self) -> str:
        """Return the settings, in the words of ``nn.Upsample``."""
        return f"size={self.size}, scale_factor={self.scale_factor}, mode='tricubic'"

    def forward(self, x: Tensor) -> Tensor:
        """Interpolate; (n, c, z, y, x) to (n, c, z', y', x')."""
        return interpolate_tricubic(x, self.size, self.scale_factor, self.align_corners)
