"""The ways from a 2D convolution to a 3D one: what is compared by changing one argument.

===========  ========================================================  ==========================
mode         3D layer                                                  parameters
===========  ========================================================  ==========================
``acs``      :class:`ACSConv3d`: each channel in one plane             2D (out, in, k, k)
``soft``     :class:`SoftACSConv3d`: each channel in all, as learned   2D, and (out, 3)
``inflate``  ``nn.Conv3d``: the 2D kernel along z (I3D)                3D (out, in, k, k, k)
``mean``     ``nn.Conv3d``: mean of the 2D kernel in the three planes  3D
``conv3d``   ``nn.Conv3d``: random, nothing of the 2D weights          3D
===========  ========================================================  ==========================

All give volumes of the same size for layers of equal sides. Only ``acs`` heeds the split.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from torch import nn

from napari_acs.acs.conv import ACSConv3d
from napari_acs.acs.inflate import inflate, inflate_transposed, mean, native, native_transposed
from napari_acs.acs.soft import SoftACSConv3d
from napari_acs.acs.split import Split

Mode = Literal["acs", "soft", "inflate", "mean", "conv3d"]

MODES: tuple[str, ...] = get_args(Mode)

SplitRule = Callable[[int], Split]
"""Output channels to the channels of the axial, coronal and sagittal group."""


def _acs(conv: nn.Conv2d, split: SplitRule) -> nn.Module:
    return ACSConv3d.from_conv2d(conv, split(conv.out_channels))


CONVOLUTIONS: dict[str, Callable[[nn.Conv2d, SplitRule], nn.Module]] = {
    "acs": _acs,
    "soft": lambda conv, _: SoftACSConv3d.from_conv2d(conv),
    "inflate": lambda conv, _: inflate(conv),
    "mean": lambda conv, _: mean(conv),
    "conv3d": lambda conv, _: native(conv),
}
"""Mode to a function that makes the 3D layer of a plain 2D one."""

TRANSPOSED: dict[str, Callable[[nn.ConvTranspose2d, SplitRule], nn.Module]] = {
    "inflate": lambda conv, _: inflate_transposed(conv),
    # The planes of a strided transposed layer would leave gaps along the axes they leave out.
    "mean": lambda conv, _: inflate_transposed(conv),
    "conv3d": lambda conv, _: native_transposed(conv),
}
"""Mode to a function that makes the transposed 3D layer of a plain 2D one."""
