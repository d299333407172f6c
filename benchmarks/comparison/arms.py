"""The networks that are compared: five ways to 3D, each a whole U-Net."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from napari_acs.acs.modes import Mode
from napari_acs.models.encoders import trunk_2d, trunk_from_file
from napari_acs.models.unet import ACSUNet, DecoderMode


@dataclass(frozen=True)
class Arm:
    """One way to 3D.

    Attributes
    ----------
    name, title : str
    mode : str
        The encoder's, see :mod:`napari_acs.acs.modes`.
    decoder : str
        What stem, decoder and head are made of. A native 3D network is native 3D throughout.
    pretrained : bool
        Whether the encoder starts from ImageNet weights.
    """

    name: str
    title: str
    mode: Mode
    decoder: DecoderMode
    pretrained: bool


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm("acs-imagenet", "ACS, ImageNet", "acs", "acs", True),
        Arm("acs-scratch", "ACS, from scratch", "acs", "acs", False),
        Arm("inflate-imagenet", "inflated 3D, ImageNet", "inflate", "conv3d", True),
        Arm("mean-imagenet", "mean 3D, ImageNet", "mean", "conv3d", True),
        Arm("conv3d-scratch", "native 3D, from scratch", "conv3d", "conv3d", False),
        Arm("soft-imagenet", "soft ACS, ImageNet", "soft", "acs", True),
    )
}

FINEST = 16
"""Channels at full resolution in the recipes that ship: of the stem and of the last stage."""

_COARSER: dict[str, tuple[int, ...]] = {
    "mobilenet_v2": (96, 64, 48, 32),
    "squeezenet1_1": (96, 64, 32),
}

ENCODERS = tuple(_COARSER)
"""The encoders that are trained."""


def widths(encoder: str, finest: int = FINEST) -> tuple[int, ...]:
    """Return the decoder's channels, coarse to fine: the same for all arms."""
    return (*_COARSER[encoder], finest)


def build(
    arm: Arm,
    encoder: str,
    weights: Path | None,
    seed: int,
    finest: int = FINEST,
    channels: int = 4,
) -> ACSUNet:
    """Return the untrained network of an arm.

    Parameters
    ----------
    arm : Arm
    encoder : str
        One of ``ENCODERS``.
    weights : Path or None
        ImageNet weights with torchvision's names; None takes torchvision's own (a download).
    seed : int
        Of everything that starts at random.
    finest : int
        Channels at full resolution.
    channels : int
        MRI sequences.
    """
    torch.manual_seed(seed)
    trunk = None
    if not arm.pretrained:
        trunk = trunk_2d(encoder)
    elif weights is not None:
        trunk = trunk_from_file(encoder, weights)
    network = ACSUNet(
        encoder,
        channels,
        3,
        widths(encoder, finest),
        finest,
        pretrained=arm.pretrained and trunk is None,
        trunk=trunk,
        mode=arm.mode,
        decoder_mode=arm.decoder,
    )
    if not arm.pretrained:
        _start_afresh(network.encoder, encoder)
    return network


def _start_afresh(encoder: nn.Module, name: str) -> None:
    """Draw all kernels by torchvision's own rule for the architecture, in their 3D shapes.

    As converted, a network from scratch would be put at a disadvantage that is none of 3D's:
    ``nn.Conv3d``'s default start is 2.4 times weaker than torchvision's for SqueezeNet, which has
    no normalisation to make up for it, and a first layer adapted to four channels starts with
    four equal ones.
    """
    for module in encoder.modules():
        weight = getattr(module, "weight", None)
        if not isinstance(weight, nn.Parameter) or weight.dim() < 4:
            continue
        if name.startswith("squeezenet"):
            nn.init.kaiming_uniform_(weight)
        else:
            nn.init.kaiming_normal_(weight, mode="fan_out")
        bias = getattr(module, "bias", None)
        if bias is not None:
            nn.init.zeros_(bias)


def parameters(network: nn.Module) -> int:
    """Return the number of trainable numbers."""
    return sum(p.numel() for p in network.parameters())


def file_bytes(network: nn.Module) -> int:
    """Return the bytes of a safetensors file of all parameters and buffers, but its header."""
    return sum(t.numel() * t.element_size() for t in network.state_dict().values())


def sizes_of(encoder: str, channels: int = 4) -> dict[str, int]:
    """Return the parameters of the U-Net of any encoder, without training it.

    Returns
    -------
    dict of str to int
        Of the whole network in "acs", "soft" and "conv3d", and of the encoder alone in "acs
        encoder" and "conv3d encoder". The decoder has the widths of the trained encoder with as
        many resolutions.
    """
    found = {}
    for mode, decoder in (("acs", "acs"), ("soft", "acs"), ("conv3d", "conv3d")):
        network = _any_unet(encoder, channels, mode, decoder)
        found[mode] = parameters(network)
        if mode != "soft":
            found[f"{mode} encoder"] = parameters(network.encoder)
    return found


def _any_unet(encoder: str, channels: int, mode: Mode, decoder: DecoderMode) -> ACSUNet:
    for like in [encoder] if encoder in ENCODERS else ENCODERS:
        try:
            return ACSUNet(
                encoder, channels, 3, widths(like), FINEST, mode=mode, decoder_mode=decoder
            )
        except ValueError:  # another number of resolutions
            continue
    raise ValueError(f"{encoder} has neither four nor five resolutions")


def smaller(ours: float, theirs: float) -> str:
    """Return by how much ours is smaller than theirs, in words for a table."""
    share = 1 - ours / theirs
    return f"{abs(share) * 100:.0f} % {'smaller' if share >= 0 else 'larger'}" if theirs else "-"
