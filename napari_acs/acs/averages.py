"""Average pooling of what torch pools in 2D only: small volumes, and half precision on CPUs."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.acs.whole import recorded_whole


@recorded_whole
def avg_pool3d(
    x: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Do what torch's function of this name does, also where only the margin makes room.

    torch refuses a side of 2 for a window of 3 with a margin of 1 in 3D, and takes it in 2D: the
    Inception networks need it. On CPUs it has no 3D pooling in half precision. An average over a
    box is one over its slices and then along z.

    Parameters
    ----------
    x : Tensor, shape (n, c, z, y, x)
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        As in ``torch.nn.functional.avg_pool3d``.

    Returns
    -------
    Tensor, shape (n, c, z', y', x')
    """
    kernel = _three(kernel_size)
    half_on_cpu = x.device.type == "cpu" and x.dtype in (torch.bfloat16, torch.float16)
    fits = all(size >= k for size, k in zip(x.shape[2:], kernel, strict=True))
    if fits and not half_on_cpu:
        return F.avg_pool3d(
            x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        )
    steps, margins = _three(kernel_size if stride is None else stride), _three(padding)
    divisor = None if divisor_override is None else 1
    n, c, z, y, width = x.shape
    slices = F.avg_pool2d(
        x.reshape(n, c * z, y, width),
        kernel[1:],
        steps[1:],
        margins[1:],
        ceil_mode,
        count_include_pad,
        divisor,
    )
    y, width = slices.shape[2:]
    columns = F.avg_pool2d(
        slices.reshape(n, c, z, y * width),
        (kernel[0], 1),
        (steps[0], 1),
        (margins[0], 0),
        ceil_mode,
        count_include_pad,
        divisor,
    )
    out = columns.reshape(n, c, columns.shape[2], y, width)
    return out if divisor_override is None else out / divisor_override


def _three(value: Any) -> tuple[int, int, int]:
    if isinstance(value, int):
        return value, value, value
    z, y, x = value
    return z, y, x


class AvgPool3d(nn.AvgPool3d):
    """``nn.AvgPool3d`` by :func:`avg_pool3d`."""

    def forward(self, x: Tensor) -> Tensor:
        """Average; (n, c, z, y, x) to (n, c, z', y', x')."""
        return avg_pool3d(
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )
