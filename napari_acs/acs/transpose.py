"""The ACS transposed convolution: upsampling with the 2D weights of ``nn.ConvTranspose2d``.

Output channels are split as in :class:`~napari_acs.acs.conv.ACSConv3d`. In its plane a channel is
the 2D transposed convolution. Along the axis that the plane leaves out every input voxel ``i`` is
repeated ``stride`` times, at outputs ``i * s - p + t`` for t in ``[t0, t0 + s)`` with
``t0 = ceil((d * (k - 1) - (s - 1)) / 2)``, in the middle of what the 2D kernel covers, cut or
filled with zeros to the 2D layer's output size. So a volume that is constant along that axis gives
the 2D layer; a single plane of taps, which is what :class:`ACSConv3d` has, would leave holes.
"""

from __future__ import annotations

from typing import Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.acs.geometry import LEFT_OUT, PLANES
from napari_acs.acs.pieces import Piece, pieces
from napari_acs.acs.split import Split


class ACSConvTranspose3d(nn.Module):
    """A 3D transposed convolution with 2D weights; made by :meth:`from_conv_transpose2d`.

    Attributes
    ----------
    weight : Parameter, shape (in_channels, out_channels / groups, k, k)
        The 2D kernels, named and shaped as in ``nn.ConvTranspose2d``.
    split : tuple of int
        Output channels of the axial, coronal and sagittal group.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None

    @classmethod
    def from_conv_transpose2d(cls, conv: nn.ConvTranspose2d, split: Split) -> Self:
        """Make the 3D layer of a 2D one; it shares the 2D layer's parameters.

        Raises
        ------
        ValueError
            If a setting of the layer differs between rows and columns.
        """
        layer = cls()
        layer.in_channels, layer.out_channels = conv.in_channels, conv.out_channels
        layer.kernel_size = _one(conv, "kernel_size")
        layer.stride = _one(conv, "stride")
        layer.padding = _one(conv, "padding")
        layer.output_padding = _one(conv, "output_padding")
        layer.dilation = _one(conv, "dilation")
        layer.groups, layer.split = conv.groups, split
        layer.pieces = pieces(split, conv.in_channels, conv.groups)
        layer.weight = cast(nn.Parameter, conv.weight)
        layer.register_parameter("bias", cast(nn.Parameter | None, conv.bias))
        return layer

    in_channels: int
    out_channels: int
    kernel_size: int
    stride: int
    padding: int
    output_padding: int
    dilation: int
    groups: int
    split: Split
    pieces: tuple[Piece, ...]

    def extra_repr(self) -> str:
        """Return the layer's geometry, in the words of ``nn.ConvTranspose2d``."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"output_padding={self.output_padding}, groups={self.groups}, "
            f"bias={self.bias is not None}, split={self.split}"
        )

    def forward(self, x: Tensor) -> Tensor:
        """Upsample; (n, in, z, y, x) to (n, out, z', y', x')."""
        if x.dim() != len(PLANES) + 2:
            raise ValueError(
                f"ACSConvTranspose3d takes (n, c, z, y, x), got a tensor of {tuple(x.shape)}"
            )
        below, above = self._margin()
        filled = below > 0 or above > 0
        outputs = []
        for piece in self.pieces:
            axis = LEFT_OUT[piece.plane]
            part = x if self.groups == 1 else x[:, piece.inputs]
            weight = self.weight[piece.inputs, self._columns(piece)].unsqueeze(axis)
            bias = None if self.bias is None else self.bias[piece.outputs]
            part = F.conv_transpose3d(
                part,
                weight,
                None if filled else bias,
                self._laid(axis, self.stride, 1),
                self._laid(axis, self.padding, 0),
                self._laid(axis, self.output_padding, 0),
                piece.groups,
                self._laid(axis, self.dilation, 1),
            )
            part = part.repeat_interleave(self.stride, axis)
            added = [0] * 6
            added[2 * (4 - axis) : 2 * (4 - axis) + 2] = below, above  # F.pad begins with x
            part = F.pad(part, added)
            if filled and bias is not None:
                part = part + bias[:, None, None, None]
            outputs.append(part)
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)

    def _margin(self) -> tuple[int, int]:
        """Return the voxels to add (cut, where negative) around the repeated ones."""
        reach = self.dilation * (self.kernel_size - 1)
        first = -((self.stride - 1 - reach) // 2)  # rounded up
        below = first - self.padding
        return below, reach + self.output_padding + 1 - self.stride - 2 * self.padding - below

    def _columns(self, piece: Piece) -> slice:
        """Return the outputs of a piece within its channel groups, the weight's second axis."""
        outer = self.out_channels // self.groups
        if piece.groups > 1:
            return slice(0, outer)
        start = piece.outputs.start % outer
        return slice(start, start + piece.outputs.stop - piece.outputs.start)

    @staticmethod
    def _laid(axis: int, value: int, left_out: int) -> tuple[int, int, int]:
        z, y, x = (left_out if a == axis else value for a in LEFT_OUT.values())
        return z, y, x


def _one(conv: nn.ConvTranspose2d, name: str) -> int:
    rows, columns = cast(tuple[int, int], getattr(conv, name))
    if rows != columns:
        raise ValueError(f"{name}={(rows, columns)} differs between rows and columns")
    return rows
