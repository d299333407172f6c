"""The ACS convolution: a 3D convolution that stores, and is trained on, 2D kernels.

Definition (Yang et al. 2021, section III-B). Output channels are split in three groups. Channel
``o`` of a group is the dense 3D convolution whose kernel is zero but in one plane, the centre plane
of the axis that the group leaves out, where it holds the 2D kernel of ``o``:

====================  ===========================  ==========================
group                 kernel plane over (z, y, x)  2D kernel's rows, columns
====================  ===========================  ==========================
axial (first)         ``(1, k, k)``                y, x
coronal (second)      ``(k, 1, k)``                z, x
sagittal (third)      ``(k, k, 1)``                z, y
====================  ===========================  ==========================

Stride, padding and dilation are those of the 2D layer; the centre of an even kernel, and kernels,
strides, paddings and dilations that differ between rows and columns, are as said in
:mod:`napari_acs.acs.geometry`. Outside the volume lies what the 2D layer's padding mode says.
``dense_kernel`` writes the definition out; ``ACSConv3d.forward`` computes the same at the plane
kernels' own, smaller cost.
"""

from __future__ import annotations

from typing import Any, Literal, Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.acs.dense import kernel_geometry
from napari_acs.acs.geometry import (
    LEFT_OUT,
    PLANES,
    Margin,
    check_sides,
    on_volume,
    plane_margins,
    volume_stride,
)
from napari_acs.acs.pieces import pieces
from napari_acs.acs.split import Split, SplitPolicy, split_channels

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]

SPLIT_KEY = "acs_kernel_split"
"""State-dict key of a layer's split, present only where it is not the even one."""


def dense_kernel(weight: Tensor, split: Split | None = None) -> Tensor:
    """Write square 2D kernels out as the dense 3D kernels that define the ACS convolution.

    Parameters
    ----------
    weight : Tensor, shape (out, in / groups, k, k)
        The 2D kernels.
    split : tuple of int, optional
        Output channels of the three groups; ``split_channels(out)`` by default.

    Returns
    -------
    Tensor, shape (out, in / groups, k, k, k)
        The kernels over (z, y, x); differentiable in ``weight``.
    """
    out, inner, k, _ = weight.shape
    centre = (k - 1) // 2
    parts = torch.split(weight, list(split or split_channels(out)))
    pads = []
    for part, axis in zip(parts, LEFT_OUT.values(), strict=True):
        dense = weight.new_zeros((part.shape[0], inner, k, k, k))
        dense.select(axis, centre).copy_(part)
        pads.append(dense)
    return torch.cat(pads)


class ACSConv3d(nn.Module):
    """A 3D convolution with 2D weights; see the module's docstring for the definition.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels, as in ``nn.Conv2d``.
    kernel_size, stride, dilation : int or tuple of int
        One number, or (rows, columns).
    padding : int, tuple of int, "valid" or "same"
        As in ``nn.Conv2d``.
    groups : int
        As in ``nn.Conv2d``; grouped and depthwise layers are exact too.
    bias : bool
        Whether the layer has a bias.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        As in ``nn.Conv2d``.
    split : {"even", "aligned"} or tuple of int
        How output channels are shared between the planes; see :func:`split_channels`. A split
        that is not the even one is stored in the state dict, and taken from there.

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, rows, columns)
        The 2D kernels, named and shaped as in ``nn.Conv2d``: 2D state dicts load unchanged.
    split : tuple of int
        Output channels of the axial, coronal and sagittal group.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None

    def __init__(  # the order of nn.Conv2d
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | str = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        split: SplitPolicy | Split = "even",
    ) -> None:
        super().__init__()
        flat = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
        )
        self._take(flat, split)

    @classmethod
    def from_conv2d(cls, conv: nn.Conv2d, split: SplitPolicy | Split = "even") -> Self:
        """Make the ACS layer of a 2D layer; it shares the 2D layer's parameters."""
        layer = cls.__new__(cls)
        nn.Module.__init__(layer)
        layer._take(conv, split)
        return layer

    def _take(self, conv: nn.Conv2d, split: SplitPolicy | Split) -> None:
        self.in_channels, self.out_channels = conv.in_channels, conv.out_channels
        self.geometry = kernel_geometry(conv)
        self.kernel_size, self.stride = self.geometry.kernel, self.geometry.stride
        self.dilation = self.geometry.dilation
        self.padding, self.padding_mode = conv.padding, conv.padding_mode
        self.groups = conv.groups
        own = split_channels(self.out_channels, split) if isinstance(split, str) else split
        self._set_split(own)
        self.weight = cast(nn.Parameter, conv.weight)
        self.register_parameter("bias", cast(nn.Parameter | None, conv.bias))

    def _set_split(self, split: Split) -> None:
        if len(split) != len(PLANES) or min(split) < 0 or sum(split) != self.out_channels:
            raise ValueError(f"split={tuple(split)} does not share {self.out_channels} channels")
        self.split = split
        self.pieces = pieces(split, self.in_channels, self.groups)

    def extra_repr(self) -> str:
        """Return the layer's geometry, in the words of ``nn.Conv2d``."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"groups={self.groups}, bias={self.bias is not None}, "
            f"padding_mode={self.padding_mode}, split={self.split}"
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; (n, in, z, y, x) to (n, out, z', y', x').

        Raises
        ------
        ValueError
            If the input does not have five axes, or is too small for an unpadded kernel.
        """
        if x.dim() != 5:
            raise ValueError(f"ACSConv3d takes (n, c, z, y, x), got a tensor of {tuple(x.shape)}")
        check_sides(self.geometry, x.shape[2:], self)
        if self.kernel_size == (1, 1):  # the three planes are one and the same
            x, padding = with_margins(x, plane_margins(self.geometry, "axial"), self.padding_mode)
            return self._conv(x, self.weight.unsqueeze(2), self.bias, padding, "axial", self.groups)
        outputs = []
        for piece in self.pieces:
            margins = plane_margins(self.geometry, piece.plane)
            part = x if len(self.pieces) == 1 or self.groups == 1 else x[:, piece.inputs]
            part, padding = with_margins(part, margins, self.padding_mode)
            weight = self.weight[piece.outputs].unsqueeze(LEFT_OUT[piece.plane])
            bias = None if self.bias is None else self.bias[piece.outputs]
            outputs.append(self._conv(part, weight, bias, padding, piece.plane, piece.groups))
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)

    def _conv(
        self,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        padding: list[int],
        plane: str,
        groups: int,
    ) -> Tensor:
        dilation = on_volume(self.dilation, plane, 1)
        return F.conv3d(x, weight, bias, volume_stride(self.geometry), padding, dilation, groups)

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.split != split_channels(self.out_channels):
            destination[prefix + SPLIT_KEY] = torch.tensor(self.split)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        # Without it in the dict the split stays: 2D weights fit every split.
        split = state_dict.pop(prefix + SPLIT_KEY, None)
        if split is not None:
            axial, coronal, sagittal = (int(channels) for channels in split)
            self._set_split((axial, coronal, sagittal))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def with_margins(
    x: Tensor, margins: tuple[Margin, Margin, Margin], mode: str
) -> tuple[Tensor, list[int]]:
    """Give a volume its margins; what a convolution can pad itself is left to it.

    Parameters
    ----------
    x : Tensor, shape (n, c, z, y, x)
    margins : three of (below, above)
        Voxels to add to z, y, x, or to cut off where negative.
    mode : str
        What lies outside, in the words of ``nn.Conv2d.padding_mode``.

    Returns
    -------
    Tensor
        The volume, cut or extended; a view where nothing was added.
    list of int
        Zero padding that the convolution has still to add on both sides of z, y, x.
    """
    inner = [max(0, min(margin)) if mode == "zeros" else 0 for margin in margins]
    added = []
    for (low, high), own in zip(reversed(margins), reversed(inner), strict=True):
        added += [max(0, low - own), max(0, high - own)]
    if any(added):
        # Extended before it is cut: the other side's voxels may be what lies outside.
        x = F.pad(x, added, "constant" if mode == "zeros" else mode)
    for axis, (low, high) in enumerate(margins, start=2):
        if low < 0 or high < 0:
            x = x.narrow(axis, max(0, -low), x.shape[axis] + min(0, low) + min(0, high))
    return x, inner
