"""The ACS convolution: a 3D convolution that stores, and is trained on, 2D kernels.

Definition (Yang et al. 2021, section III-B). Output channels are split in three groups. Channel
``o`` of a group is the dense 3D convolution whose ``k x k x k`` kernel is zero but in one plane,
the centre plane of the axis that the group leaves out, where it holds the 2D kernel of ``o``:

====================  ===========================  ==========================
group                 kernel plane over (z, y, x)  2D kernel's rows, columns
====================  ===========================  ==========================
axial (first)         ``(1, k, k)``                y, x
coronal (second)      ``(k, 1, k)``                z, x
sagittal (third)      ``(k, k, 1)``                z, y
====================  ===========================  ==========================

Stride, padding and dilation are those of the 2D layer, on all three axes. ``dense_kernel`` writes
the definition out; ``ACSConv3d.forward`` computes the same in the plane kernels' own, smaller
cost. For even ``k`` the centre plane is ``(k - 1) // 2``, so that with the usual padding
``(k - 1) // 2`` the plane convolutions start on voxel 0 of the axis left out, as odd ones do.
"""

from __future__ import annotations

from typing import Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.acs.split import split_channels

_PLANE_AXIS = (2, 3, 4)
"""Axis of (n, c, z, y, x) that the axial, coronal and sagittal kernels leave out."""


def dense_kernel(weight: Tensor, split: tuple[int, int, int] | None = None) -> Tensor:
    """Write 2D kernels out as the dense 3D kernels that define the ACS convolution.

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
    for part, axis in zip(parts, _PLANE_AXIS, strict=True):
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
    kernel_size, stride, padding, dilation : int
        One number for all axes.
    groups : int
        As in ``nn.Conv2d``; depthwise and grouped layers are exact too.
    bias : bool
        Whether the layer has a bias.

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, kernel_size, kernel_size)
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
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        flat = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )
        self._take(flat)

    @classmethod
    def from_conv2d(cls, conv: nn.Conv2d) -> Self:
        """Make the ACS layer of a 2D layer; it shares the 2D layer's parameters.

        Raises
        ------
        ValueError
            If the layer's kernel, stride, padding or dilation differs between its two axes, or
            its padding mode is not zeros.
        """
        layer = cls.__new__(cls)
        nn.Module.__init__(layer)
        layer._take(conv)
        return layer

    def _take(self, conv: nn.Conv2d) -> None:
        padding = conv.padding
        if padding == "valid":
            padding = (0, 0)
        elif padding == "same":
            if any(k % 2 == 0 for k in conv.kernel_size):
                raise ValueError("padding='same' with an even kernel")
            pairs = zip(conv.dilation, conv.kernel_size, strict=True)
            padding = tuple(d * (k - 1) // 2 for d, k in pairs)
        assert not isinstance(padding, str)
        for name, pair in (
            ("kernel_size", conv.kernel_size),
            ("stride", conv.stride),
            ("padding", padding),
            ("dilation", conv.dilation),
        ):
            if pair[0] != pair[1]:
                raise ValueError(f"{name}={tuple(pair)} differs between the axes")
        if conv.padding_mode != "zeros":
            raise ValueError(f"padding_mode={conv.padding_mode!r}")
        self.in_channels, self.out_channels = conv.in_channels, conv.out_channels
        self.kernel_size, self.stride = conv.kernel_size[0], conv.stride[0]
        self.padding, self.dilation = padding[0], conv.dilation[0]
        self.groups = conv.groups
        self.split = split_channels(conv.out_channels)
        self.weight = cast(nn.Parameter, conv.weight)
        self.register_parameter("bias", cast(nn.Parameter | None, conv.bias))

    def extra_repr(self) -> str:
        """Return the layer's geometry, in the words of ``nn.Conv2d``."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"groups={self.groups}, bias={self.bias is not None}, split={self.split}"
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; (n, in, z, y, x) to (n, out, z', y', x')."""
        if x.dim() != 5:
            raise ValueError(f"ACSConv3d takes (n, c, z, y, x), got a tensor of {tuple(x.shape)}")
        if self.kernel_size == 1:
            return self._conv(x, self.weight[..., None], self.bias, self.padding)
        if self.groups != 1 and not self._depthwise:
            # A plane group may cut through a channel group; only the definition is always right.
            return self._conv(x, dense_kernel(self.weight, self.split), self.bias, self.padding)
        return self._planes(x)

    @property
    def _depthwise(self) -> bool:
        return self.groups == self.in_channels == self.out_channels

    def _planes(self, x: Tensor) -> Tensor:
        biases = (None,) * 3 if self.bias is None else torch.split(self.bias, list(self.split))
        inputs = torch.split(x, list(self.split), dim=1) if self._depthwise else (x,) * 3
        outputs = []
        for part, weight, bias, axis in zip(
            inputs, torch.split(self.weight, list(self.split)), biases, _PLANE_AXIS, strict=True
        ):
            if weight.shape[0] == 0:
                continue
            padding = [self.padding] * 3
            padding[axis - 2] = 0
            on_axis = self._centre_line(part, axis)
            outputs.append(self._conv(on_axis, weight.unsqueeze(axis), bias, padding))
        return torch.cat(outputs, dim=1)

    def _centre_line(self, x: Tensor, axis: int) -> Tensor:
        """Cut or pad ``axis`` so that a size-1 kernel sees what the dense kernel's centre sees."""
        k, d = self.kernel_size, self.dilation
        first = d * ((k - 1) // 2) - self.padding
        size = x.shape[axis]
        steps = (size + 2 * self.padding - d * (k - 1) - 1) // self.stride
        stop = first + steps * self.stride + 1
        if steps < 0:
            raise ValueError(f"a side of {size} voxels is too short for {self!r}")
        before, after = max(0, -first), max(0, stop - size)
        if before or after:
            pads = [0] * 6
            pads[2 * (4 - axis) : 2 * (4 - axis) + 2] = before, after
            x = F.pad(x, pads)
        # Left whole where the strided convolution would take the same voxels anyway.
        same = first + before == 0 and (x.shape[axis] - 1) // self.stride == steps
        return x if same else x.narrow(axis, first + before, stop - first)

    def _conv(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, padding: int | list[int]
    ) -> Tensor:
        groups = weight.shape[0] if self._depthwise else self.groups
        return F.conv3d(x, weight, bias, self.stride, padding, self.dilation, groups)
