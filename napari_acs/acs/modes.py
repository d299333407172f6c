"""The ways from a 2D convolution to a 3D one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from torch import nn

from napari_acs.acs.conv import ACSConv3d
from napari_acs.acs.split import Split

Mode = Literal["acs"]

MODES: tuple[str, ...] = get_args(Mode)

SplitRule = Callable[[int], Split]
"""Output channels to the channels of the axial, coronal and sagittal group."""


def _acs(conv: nn.Conv2d, split: SplitRule) -> nn.Module:
    return ACSConv3d.from_conv2d(conv, split(conv.out_channels))


CONVOLUTIONS: dict[str, Callable[[nn.Conv2d, SplitRule], nn.Module]] = {"acs": _acs}
"""Mode to a function that makes the 3D layer of a plain 2D one."""
