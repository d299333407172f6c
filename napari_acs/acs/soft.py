"""Soft ACS: every output channel sees a learned convex combination of the three planes.

Source: ``SoftACSConv`` of ``acsconv``, which GaNDLF's converter uses by default. Channel ``o`` is
the dense 3D convolution whose kernel is ``a[o] * axial + c[o] * coronal + s[o] * sagittal``: the 2D
kernel of ``o`` in each of the planes of :mod:`napari_acs.acs.conv`, with
``(a, c, s) = softmax(soft_w_core[o])``. Since that is one kernel, it is one convolution, not the
three of the public implementation.
"""

from __future__ import annotations

from typing import Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.acs.conv import PaddingMode, with_margins
from napari_acs.acs.dense import dense_box, kernel_geometry, plane_taps
from napari_acs.acs.geometry import PLANES, check_sides, volume_stride


class SoftACSConv3d(nn.Module):
    """A soft ACS convolution with 2D weights; see the module's docstring for the definition.

    There is no split: every channel has its part in every plane.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode
        As in :class:`ACSConv3d`.
    mean : bool
        Whether the three planes count a third each, without parameters.

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, rows, columns)
        The 2D kernels.
    soft_w_core : Parameter, shape (out_channels, 3), or None
        Logits of the axial, coronal and sagittal plane. Named, shaped and at first filled (evenly
        from 0 to 1) as in ``acsconv``, whose state dicts load. None where ``mean``.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None
    soft_w_core: nn.Parameter | None

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
        *,
        mean: bool = False,
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
        self._take(flat, mean)

    @classmethod
    def from_conv2d(cls, conv: nn.Conv2d, *, mean: bool = False) -> Self:
        """Make the layer of a 2D layer; it shares the 2D layer's parameters.

        The planes' logits are new; they are trained if the kernels are.
        """
        layer = cls.__new__(cls)
        nn.Module.__init__(layer)
        layer._take(conv, mean)
        return layer

    def _take(self, conv: nn.Conv2d, mean: bool) -> None:
        self.in_channels, self.out_channels = conv.in_channels, conv.out_channels
        self.padding, self.padding_mode = conv.padding, conv.padding_mode
        self.groups, self.mean = conv.groups, mean
        self.geometry = kernel_geometry(conv)
        self.box = dense_box(self.geometry)
        self.weight = cast(nn.Parameter, conv.weight)
        self.register_parameter("bias", cast(nn.Parameter | None, conv.bias))
        logits = None
        if not mean:
            # Where the weight is, which may be elsewhere than new tensors are (the meta device).
            start = torch.rand(conv.out_channels, len(PLANES), device=conv.weight.device)
            start = start.to(conv.weight.dtype)
            logits = nn.Parameter(start, requires_grad=conv.weight.requires_grad)
        self.register_parameter("soft_w_core", logits)

    def extra_repr(self) -> str:
        """Return the layer's geometry, in the words of ``nn.Conv2d``."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.geometry.kernel}, "
            f"stride={self.geometry.stride}, padding={self.padding}, "
            f"dilation={self.geometry.dilation}, groups={self.groups}, "
            f"bias={self.bias is not None}, padding_mode={self.padding_mode}, mean={self.mean}"
        )

    def shares(self) -> Tensor:
        """Return how much of each plane a channel sees, shape (out_channels, 3); rows sum to 1."""
        if self.soft_w_core is None:
            return self.weight.new_full((self.out_channels, len(PLANES)), 1 / len(PLANES))
        return self.soft_w_core.softmax(-1)

    def dense_weight(self) -> Tensor:
        """Return the layer's kernel as one dense 3D kernel.

        Returns
        -------
        Tensor, shape (out_channels, in_channels / groups, *box.size)
            Differentiable. ``F.conv3d`` of the volume with ``box.margins`` around it, with this
            kernel, ``box.dilation`` and the layer's stride is the layer; for the usual layer (equal
            sides) ``box.size`` is (k, k, k), and margins and dilation are the 2D layer's.
        """
        dense = self.weight.new_zeros((*self.weight.shape[:2], *self.box.size))
        for plane, share in zip(PLANES, self.shares().unbind(1), strict=True):
            taps = plane_taps(self.box, self.geometry, plane)
            dense[(..., *taps)] += share.view(-1, 1, 1, 1) * self.weight
        return dense

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; (n, in, z, y, x) to (n, out, z', y', x').

        Raises
        ------
        ValueError
            If the input does not have five axes, or is too small for an unpadded kernel.
        """
        if x.dim() != 5:
            raise ValueError(f"SoftACSConv3d takes (n, c, z, y, x), got {tuple(x.shape)}")
        check_sides(self.geometry, x.shape[2:], self)
        x, padding = with_margins(x, self.box.margins, self.padding_mode)
        stride = volume_stride(self.geometry)
        weight = self.dense_weight()
        return F.conv3d(x, weight, self.bias, stride, padding, self.box.dilation, self.groups)
