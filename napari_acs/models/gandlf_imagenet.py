"""GaNDLF's ``imagenet_unet`` in 3D: a U-Net of segmentation_models_pytorch, made ACS or soft.

Source: ``GANDLF.models.imagenet_unet`` 0.1.5 (Apache-2.0) and ``UnetDecoder`` of
segmentation_models_pytorch 0.4.0 (MIT), whose parameter names are kept. The encoder is built by
the installed segmentation_models_pytorch (extra ``gandlf``); the decoder here, since that of newer
versions cannot be made 3D.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.acs import convert
from napari_acs.acs.modes import Mode
from napari_acs.errors import BadInput
from napari_acs.models.padded import PaddedToMultiple

DECODER_CHANNELS = (256, 128, 64, 32, 16)
"""GaNDLF's default."""


class ImagenetUNet(nn.Module):
    """The network, with GaNDLF's names (all below ``model``).

    Parameters
    ----------
    encoder_name : str
        A convolutional encoder of segmentation_models_pytorch.
    in_channels, classes : int
        Channels of the input and the output.
    mode : {"acs", "soft", "conv3d"}
        GaNDLF's ``converter_type``.
    encoder_depth : int
        Halvings.
    decoder_channels : sequence of int
        One for each halving, coarse to fine.
    batch_norm : bool
        Whether the decoder has batch norm.

    Raises
    ------
    BadInput
        If segmentation_models_pytorch is not installed.
    ValueError
        If it does not know the encoder, or ``decoder_channels`` do not fit its depth.
    """

    def __init__(
        self,
        encoder_name: str,
        in_channels: int,
        classes: int,
        mode: Mode = "soft",
        encoder_depth: int = 5,
        decoder_channels: Sequence[int] = DECODER_CHANNELS,
        batch_norm: bool = True,
    ) -> None:
        super().__init__()
        try:
            from segmentation_models_pytorch.encoders import get_encoder  # noqa: PLC0415
        except ImportError as error:
            raise BadInput(
                "this model's encoder is one of segmentation_models_pytorch, which is not there",
                do="Install it with: pip install 'napari-acs[gandlf]'",
            ) from error
        if len(decoder_channels) != encoder_depth:
            raise ValueError(f"decoder_channels={decoder_channels} for depth {encoder_depth}")
        try:
            flat = get_encoder(
                encoder_name, in_channels=in_channels, depth=encoder_depth, weights=None
            )
        except KeyError as error:
            raise ValueError(f"segmentation_models_pytorch has no {encoder_name!r}") from error
        widths = list(flat.out_channels)[:0:-1]
        model, decoder, stages = nn.Module(), nn.Module(), []
        model.encoder = convert(flat, mode)
        if encoder_name.startswith("vgg"):
            center = [_layer(widths[0], widths[0], batch_norm, mode) for _ in range(2)]
            decoder.center = nn.Sequential(*center)
        below = widths[0]
        for skip, width in zip([*widths[1:], 0], decoder_channels, strict=True):
            stage = nn.Module()
            stage.conv1 = _layer(below + skip, width, batch_norm, mode)
            stage.conv2 = _layer(width, width, batch_norm, mode)
            stages.append(stage)
            below = width
        decoder.blocks = nn.ModuleList(stages)
        model.decoder = decoder
        head = nn.Sequential(nn.Conv2d(below, classes, 3, padding=1))
        model.segmentation_head = convert(head, mode)
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, ...) to logits (n, classes, ...); sides multiples of 2^depth."""
        part = self.model.get_submodule
        features: list[Tensor] = list(part("encoder")(x))[1:]
        y = features.pop()
        if hasattr(part("decoder"), "center"):
            y = part("decoder.center")(y)
        for stage in part("decoder.blocks").children():
            y = F.interpolate(y, scale_factor=2, mode="nearest")
            if features:
                y = torch.cat([y, features.pop()], dim=1)
            y = stage.get_submodule("conv2")(stage.get_submodule("conv1")(y))
        logits: Tensor = part("segmentation_head")(y)
        return logits


def gandlf_imagenet_unet(
    encoder_name: str,
    in_channels: int,
    classes: int,
    mode: Mode = "soft",
    encoder_depth: int = 5,
    decoder_channels: Sequence[int] = DECODER_CHANNELS,
    batch_norm: bool = True,
) -> nn.Module:
    """Return an `ImagenetUNet` for volumes of any size: padded with zeros to what it halves."""
    network = ImagenetUNet(
        encoder_name, in_channels, classes, mode, encoder_depth, decoder_channels, batch_norm
    )
    return PaddedToMultiple(network, 2**encoder_depth)


def _layer(inputs: int, outputs: int, batch_norm: bool, mode: Mode) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=not batch_norm)
    norm = nn.BatchNorm2d(outputs) if batch_norm else nn.Identity()
    return convert(nn.Sequential(conv, norm, nn.ReLU(inplace=True)), mode)
