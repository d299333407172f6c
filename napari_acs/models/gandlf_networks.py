"""GaNDLF's own 3D U-Nets, with its parameter names, so that its weights load as they are.

Source: ``GANDLF.models`` 0.1.5 (``unet``, ``deep_unet``, ``light_unet``, ``unet_multilayer``,
``light_unet_multilayer`` and ``seg_modules``), Apache-2.0, MLCommons and the University of
Pennsylvania. Rebuilt here for prediction only: logits without the final layer, no dropout (it has
no weights), and of the deep variants' four outputs the one that GaNDLF predicts with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.models.padded import PaddedToMultiple

VARIANTS: Final = (
    *("unet", "resunet", "deep_unet", "deep_resunet", "light_unet", "light_resunet"),
    *("unet_multilayer", "resunet_multilayer"),
    *("light_unet_multilayer", "light_resunet_multilayer"),
)
"""GaNDLF's names of the networks that can be built here."""

Norm = Literal["batch", "instance"]
_DEPTH = 4


class GandlfUNet(nn.Module):
    """One of GaNDLF's plain U-Nets.

    Parameters
    ----------
    variant : str
        One of ``VARIANTS``.
    in_channels, classes : int
        Channels of the input and the output.
    base_filters : int
        Channels at full resolution.
    norm : {"batch", "instance"}
        Both with running statistics, as in GaNDLF.
    depth : int
        Halvings; other than 4 in the ``_multilayer`` variants only.
    logit_scale : float
        GaNDLF's ``sigmoid_input_multiplier``.

    Raises
    ------
    ValueError
        If the variant is unknown, or has no such depth.
    """

    def __init__(
        self,
        variant: str,
        in_channels: int,
        classes: int,
        base_filters: int,
        norm: Norm = "batch",
        depth: int = _DEPTH,
        logit_scale: float = 1.0,
    ) -> None:
        super().__init__()
        if variant not in VARIANTS or norm not in ("batch", "instance"):
            raise ValueError(f"unknown variant {variant!r} or norm {norm!r}")
        listed, deep = variant.endswith("_multilayer"), variant.startswith("deep")
        if not 1 <= depth <= 8 or (depth != _DEPTH and not listed):
            raise ValueError(f"{variant} of depth {depth}")
        light = variant.startswith("light")
        # GaNDLF's light_resunet has, for all its name, no residual connections.
        residual = "resunet" in variant and not (light and not listed)
        widths = [base_filters * (1 if light else 2**level) for level in range(depth + 1)]
        make = nn.BatchNorm3d if norm == "batch" else _instance_norm
        self._depth, self._logit_scale = depth, logit_scale
        self._listed, self._deep = listed, deep
        self.ins = _Initial(in_channels, widths[0], make, residual)
        last = widths[0] if listed or deep else 2 * widths[0]
        down, encode, up, decode = [], [], [], []
        for level in range(depth):
            fine, coarse = widths[level], widths[level + 1]
            down.append(_Down(fine, coarse, make))
            encode.append(_Encode(coarse, make, residual))
            up.append(_Up(coarse, fine))
            decode.append(_Decode(2 * fine, fine if level else last, make, residual))
        if listed:
            self.ds, self.en = nn.ModuleList(down), nn.ModuleList(encode)
            self.us, self.de = nn.ModuleList(up), nn.ModuleList(decode)
        else:
            for level in range(depth):
                setattr(self, f"ds_{level}", down[level])
                setattr(self, f"en_{level + 1}", encode[level])
                setattr(self, f"us_{level}", up[level])
                setattr(self, f"de_{level}", decode[level])
        if deep:
            for level in range(depth):
                setattr(self, f"out_{level}", _Out(widths[level], classes, make))
        else:
            self.out = _Out(last, classes, make)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, ...) to logits (n, classes, ...); sides are multiples of 2^depth."""
        skips = [self.ins(x)]
        for level in range(self._depth):
            skips.append(self._part("en", level)(self._part("ds", level)(skips[-1])))
        y = skips.pop()
        for level in reversed(range(self._depth)):
            y = self._part("de", level)(self._part("us", level)(y), skips.pop())
        logits: Tensor = self.get_submodule("out_0" if self._deep else "out")(y)
        return logits * self._logit_scale if self._logit_scale != 1 else logits

    def _part(self, kind: str, level: int) -> nn.Module:
        name = f"{kind}.{level}" if self._listed else f"{kind}_{level + (kind == 'en')}"
        return self.get_submodule(name)


def gandlf_unet(
    variant: str,
    in_channels: int,
    classes: int,
    base_filters: int,
    norm: Norm = "batch",
    depth: int = _DEPTH,
    logit_scale: float = 1.0,
) -> nn.Module:
    """Return a `GandlfUNet` for volumes of any size: padded with zeros to what it halves."""
    network = GandlfUNet(variant, in_channels, classes, base_filters, norm, depth, logit_scale)
    return PaddedToMultiple(network, 2**depth)


def _instance_norm(channels: int) -> nn.Module:
    return nn.InstanceNorm3d(channels, affine=True, track_running_stats=True)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv3d:
    return nn.Conv3d(inputs, outputs, 3, stride, padding=1)


def _active(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.01)


class _Initial(nn.Module):
    def __init__(
        self, inputs: int, outputs: int, norm: Callable[[int], nn.Module], residual: bool
    ) -> None:
        super().__init__()

        self.conv0 = _conv(inputs, outputs)
        self.conv1, self.conv2 = _conv(outputs, outputs), _conv(outputs, outputs)
        self.in_0, self.in_1 = norm(outputs), norm(outputs)
        self._residual = residual

    def forward(self, x: Tensor) -> Tensor:
        first = self.conv0(x)
        y: Tensor = self.conv1(_active(self.in_0(first)))
        y = self.conv2(_active(self.in_1(y)))
        return y + first if self._residual else y


class _Down(nn.Module):
    def __init__(self, inputs: int, outputs: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.in_0 = norm(inputs)
        self.conv0 = _conv(inputs, outputs, 2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv0(_active(self.in_0(x)))
        return y


class _Encode(nn.Module):
    def __init__(self, channels: int, norm: Callable[[int], nn.Module], residual: bool) -> None:
        super().__init__()
        self.in_0, self.in_1 = norm(channels), norm(channels)
        self.conv0, self.conv1 = _conv(channels, channels), _conv(channels, channels)
        self._residual = residual

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv0(_active(self.in_0(x)))
        y = self.conv1(_active(self.in_1(y)))
        return y + x if self._residual else y


class _Up(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv3d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        larger = F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=True)
        y: Tensor = self.conv0(larger)
        return y


class _Decode(nn.Module):
    def __init__(
        self, inputs: int, outputs: int, norm: Callable[[int], nn.Module], residual: bool
    ) -> None:
        super().__init__()
        self.conv0 = _conv(inputs, outputs)
        self.conv1, self.conv2 = _conv(outputs, outputs), _conv(outputs, outputs)
        self.in_0 = norm(inputs)
        self.in_1, self.in_2 = norm(outputs), norm(outputs)
        self._residual = residual

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        first = self.conv0(_active(self.in_0(torch.cat([x, skip], dim=1))))
        y: Tensor = self.conv1(_active(self.in_1(first)))
        y = self.conv2(_active(self.in_2(y)))
        return y + first if self._residual else y


class _Out(nn.Module):
    def __init__(self, inputs: int, outputs: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.conv0 = _conv(inputs, outputs)
        self.in_0 = norm(inputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv0(_active(self.in_0(x)))
        return y
