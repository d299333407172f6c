"""Convolutions that pad as TensorFlow's SAME does, by the size of what comes in."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from napari_acs.acs.conv import ACSConv3d
from napari_acs.acs.geometry import volume_stride


class ACSConvSame3d(ACSConv3d):
    """The ACS layer of timm's ``Conv2dSame``: output sides are ``ceil(side / stride)``.

    The volume gets the zeros that the padding mode asks for, the odd one behind, and the layer
    itself pads nothing. On the axis that a plane leaves out, its centre is that of the others.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pad and convolve; (n, in, z, y, x) to (n, out, z', y', x')."""
        added: list[int] = []
        stride = volume_stride(self.geometry)
        reaches = [sum(self.geometry.reach(lead)) for lead in self.geometry.leading()]
        for size, step, reach in reversed(list(zip(x.shape[2:], stride, reaches, strict=True))):
            total = max((-(-size // step) - 1) * step + reach + 1 - size, 0)
            added += [total // 2, total - total // 2]
        return super().forward(F.pad(x, added))
