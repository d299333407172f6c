"""Lay an ACS layer's weights out for the GPU kernel, once."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_acs.acs.conv import ACSConv3d
from napari_acs.acs.geometry import KernelGeometry
from napari_acs.acs.gpu.config import Config, Precision
from napari_acs.acs.gpu.tiles import Codes, Tap, channel_planes, cut, encode, plane_taps

Activation = Literal["none", "relu", "relu6", "silu", "hardswish", "sigmoid"]
ACTIVATIONS: tuple[Activation, ...] = ("none", "relu", "relu6", "silu", "hardswish", "sigmoid")
"""What the kernel can apply to its sums before it writes them."""

DTYPES = (torch.float32, torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class Packed:
    """A layer as the kernel reads it. Tensors are on the layer's device.

    Attributes
    ----------
    weight : Tensor, shape (taps of all tiles, config.width, cin rounded up to config.depth)
        Zero where a channel does not look at a tap, and in the rounding.
    bias : Tensor or None, shape (out_channels,), float32
    tiles : Tensor, shape (tiles, 7), int64
        First channel, number of channels, first tap, number of taps, and the tile's codes.
    codes : Codes or None
        Base and step of the codes; None where the kernel reads ``taps`` instead.
    taps : Tensor, shape (taps of all tiles, 3), int32
        dz, dy, dx from an output voxel's ``index * stride``.
    in_channels, out_channels : int
    geometry : KernelGeometry
    even_tiles : bool
        Whether every tile is full, and tile ``i`` begins at channel ``i * config.width``.
    activation : Activation
    precision : Precision
        For float32 only.
    config : Config
    """

    weight: Tensor
    bias: Tensor | None
    tiles: Tensor
    codes: Codes | None
    taps: Tensor
    in_channels: int
    out_channels: int
    geometry: KernelGeometry
    even_tiles: bool
    activation: Activation
    precision: Precision
    config: Config


def pack(
    layer: ACSConv3d,
    dtype: torch.dtype,
    config: Config,
    activation: Activation = "none",
    precision: Precision = "tf32x3",
) -> Packed:
    """Pack a layer without channel groups; later changes of its weights are not seen.

    Parameters
    ----------
    layer : ACSConv3d
        With ``groups=1``.
    dtype : torch.dtype
        Of the volumes to convolve, one of ``DTYPES``; sums are float32 always.
    config : Config
        One of :func:`napari_acs.acs.gpu.config.configs`.
    activation : Activation, optional
        What is applied to the output.
    precision : Precision, optional
        How float32 volumes are multiplied.

    Raises
    ------
    ValueError
        If the layer has channel groups, or dtype or activation are not among those above.
    """
    if layer.groups != 1:
        raise ValueError(f"the GPU kernel takes no channel groups, got groups={layer.groups}")
    if dtype not in DTYPES or activation not in ACTIVATIONS:
        raise ValueError(f"the GPU kernel has no dtype={dtype} with activation={activation!r}")
    tiles = cut(layer.geometry, layer.split, config.width, across=config.across)
    planes = channel_planes(layer.split)
    taps_of = {plane: plane_taps(layer.geometry, plane) for plane in set(planes)}
    rows, columns = layer.kernel_size
    absent = layer.out_channels * rows * columns  # a kernel row of zeros behind the real ones
    codes = encode(tiles)
    chosen, entries = [], []
    table: list[Tap] = []
    for i, tile in enumerate(tiles):
        words = codes.words[i] if codes else (0, 0, 0)
        entries.append((tile.first, tile.channels, len(table), len(tile.taps), *words))
        table += tile.taps
        for tap in tile.taps:
            line = [absent] * config.width
            for place in range(tile.channels):
                at = taps_of[planes[tile.first + place]].get(tap)
                if at is not None:
                    line[place] = ((tile.first + place) * rows + at[0]) * columns + at[1]
            chosen.append(line)
    device = layer.weight.device
    vectors = layer.weight.detach().to(dtype).permute(0, 2, 3, 1).reshape(absent, -1)
    depth = ceil(layer.in_channels / config.depth) * config.depth
    vectors = F.pad(vectors, (0, depth - layer.in_channels, 0, 1))
    return Packed(
        weight=vectors[torch.tensor(chosen, device=device)].contiguous(),
        bias=None if layer.bias is None else layer.bias.detach().float().contiguous(),
        tiles=torch.tensor(entries, dtype=torch.int64, device=device),
        codes=codes,
        taps=torch.tensor(table, dtype=torch.int32, device=device),
        in_channels=layer.in_channels,
        out_channels=layer.out_channels,
        geometry=layer.geometry,
        even_tiles=all(
            (tile.first, tile.channels) == (i * config.width, config.width)
            for i, tile in enumerate(tiles)
        ),
        activation=activation,
        precision=precision,
        config=config,
    )
