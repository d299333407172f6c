"""A U-Net with a converted torchvision encoder and an ACS (or, to compare, native 3D) decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from napari_acs.acs import ACSConv3d
from napari_acs.acs.modes import Mode
from napari_acs.models.encoders import Encoder

DecoderMode = Literal["acs", "conv3d"]


class ACSUNet(nn.Module):
    """Encoder-decoder network for nested tumour regions.

    Parameters
    ----------
    encoder : str
        Name of the torchvision encoder.
    in_channels : int
        Number of MRI sequences.
    regions : int
        Nested regions, outermost first.
    decoder_channels : sequence of int
        Channels of the decoder's stages, coarse to fine: one for each encoder resolution, the
        last at full resolution.
    stem_channels : int
        Channels of the full-resolution skip that the encoder, which starts at stride 2, lacks.
    pretrained : bool
        Whether the encoder starts from torchvision's ImageNet weights.
    trunk : nn.Sequential, optional
        A 2D encoder trunk with weights of its own; see :class:`Encoder`.
    mode : {"acs", "soft", "inflate", "mean", "conv3d"}
        The encoder's way from 2D to 3D, see :mod:`napari_acs.acs.modes`.
    decoder_mode : {"acs", "conv3d"}
        What everything but the encoder is made of: ACS layers, or native 3D ones of the same
        widths, so that a network can be compared with the same one in native 3D.

    Raises
    ------
    ValueError
        If there are not as many decoder stages as resolutions, or the decoder mode is unknown.
    """

    def __init__(
        self,
        encoder: str = "mobilenet_v2",
        in_channels: int = 4,
        regions: int = 3,
        decoder_channels: Sequence[int] = (96, 64, 48, 32, 16),
        stem_channels: int = 16,
        *,
        pretrained: bool = False,
        trunk: nn.Sequential | None = None,
        mode: Mode = "acs",
        decoder_mode: DecoderMode = "acs",
    ) -> None:
        super().__init__()
        if decoder_mode not in get_args(DecoderMode):
            known = ", ".join(get_args(DecoderMode))
            raise ValueError(f"decoder_mode={decoder_mode!r} is not one of {known}")
        self.encoder = Encoder(encoder, in_channels, pretrained=pretrained, trunk=trunk, mode=mode)
        if len(decoder_channels) != len(self.encoder.channels):
            raise ValueError(
                f"{encoder} has {len(self.encoder.channels)} resolutions; "
                f"got decoder_channels={tuple(decoder_channels)}"
            )
        self.stem = _layer(in_channels, stem_channels, decoder_mode)
        skips = [*self.encoder.channels[-2::-1], stem_channels]
        stages, narrow, below = [], [], self.encoder.channels[-1]
        for skip, width in zip(skips, decoder_channels, strict=True):
            # Linear, so it may come before the interpolation, which then moves fewer channels.
            narrow.append(_conv(below, width, 1, decoder_mode, bias=False))
            first = _layer(width + skip, width, decoder_mode)
            stages.append(nn.Sequential(first, _layer(width, width, decoder_mode)))
            below = width
        self.narrow = nn.ModuleList(narrow)
        self.decoder = nn.ModuleList(stages)
        self.head = _conv(below, regions, 1, decoder_mode, bias=True)
        # Padding to the coarsest stride would add up to half again to a brain; the last halving
        # rounds up instead, at no cost in Dice (measured: 0.657 either way, in 0.68 of the time).
        self.stride = min(self.encoder.strides[-1], 16)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to logits (n, regions, z, y, x).

        Sides of any length from 1 voxel are padded with zeros (the background of a normalised
        study) to a multiple of ``stride``, and the logits cut back.
        """
        padded = _pad_to_stride(x, self.stride)
        skips = [self.stem(padded), *self.encoder(padded)]
        y = skips.pop()
        for narrow, stage in zip(self.narrow, self.decoder, strict=True):
            skip = skips.pop()
            y = F.interpolate(narrow(y), size=skip.shape[2:], mode="trilinear", align_corners=False)
            y = stage(torch.cat([y, skip], dim=1))
        return _cut_to(self.head(y), x)


# Wrapped: torch.fx, which the inference engine uses, cannot follow the arithmetic on sizes.
@fx.wrap
def _pad_to_stride(x: Tensor, stride: int) -> Tensor:
    pads: list[int] = []
    for side in reversed(x.shape[2:]):
        # Unpadded encoders (SqueezeNet) need two strides at least.
        pads += [0, max(side + -side % stride, 2 * stride) - side]
    # A symbolic size is not asked whether it is zero: torch.export would fix it there.
    known = all(isinstance(pad, int) for pad in pads)
    return x if known and not any(pads) else F.pad(x, pads)


@fx.wrap
def _cut_to(logits: Tensor, x: Tensor) -> Tensor:
    z, y, x_side = x.shape[2:]
    return logits[:, :, :z, :y, :x_side]


def _layer(inputs: int, outputs: int, mode: DecoderMode) -> nn.Sequential:
    conv = _conv(inputs, outputs, 3, mode, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_in", nonlinearity="relu")
    return nn.Sequential(conv, nn.BatchNorm3d(outputs), nn.ReLU(inplace=True))


def _conv(
    inputs: int, outputs: int, side: int, mode: DecoderMode, *, bias: bool
) -> ACSConv3d | nn.Conv3d:
    if mode == "acs":
        return ACSConv3d(inputs, outputs, side, padding=side // 2, bias=bias)
    return nn.Conv3d(inputs, outputs, side, padding=side // 2, bias=bias)
