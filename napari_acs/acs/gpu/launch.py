"""Run the GPU kernel on a packed layer.

A plain function and no ``torch.library`` operator: ``triton_op`` is younger than the oldest torch
we support and wants triton imported when it is defined, and the engine calls layers eagerly, for
inference, where neither autograd nor tracing looks inside.
"""

from __future__ import annotations

from importlib import import_module
from math import ceil
from typing import Any

import torch
from torch import Tensor

from napari_acs.acs.geometry import volume_stride
from napari_acs.acs.gpu.pack import Packed
from napari_acs.acs.gpu.tiles import Codes, output_size


def acs_conv3d(x: Tensor, packed: Packed, out: Tensor | None = None) -> Tensor:
    """Convolve a volume with a packed ACS layer, in one launch.

    Imports triton; ask :func:`napari_acs.acs.gpu.offer.supports` first.

    Parameters
    ----------
    x : Tensor, shape (n, in_channels, z, y, x)
        On the packed layer's device and of its dtype. Copied if not ``channels_last_3d``.
    packed : Packed
        From :func:`napari_acs.acs.gpu.pack.pack`.
    out : Tensor, optional, shape (n, z', y', x', out_channels)
        Dense memory to write to, of x's dtype.

    Returns
    -------
    Tensor, shape (n, out_channels, z', y', x')
        ``channels_last_3d``; without gradient.

    Raises
    ------
    ValueError
        If the input does not fit the layer, or is too small for an unpadded kernel.
    """
    if x.dim() != 5 or x.shape[1] != packed.in_channels or x.dtype != packed.weight.dtype:
        raise ValueError(
            f"packed for (n, {packed.in_channels}, z, y, x) of {packed.weight.dtype}, "
            f"got {tuple(x.shape)} of {x.dtype}"
        )
    n, cin, *sides = x.shape
    size = sides[0], sides[1], sides[2]
    size_out = output_size(packed.geometry, size)
    if n == 0 or min(size) < 1 or min(size_out) < 1:
        raise ValueError(f"an input of {tuple(x.shape)} is too small for {packed.geometry}")
    rows = x.detach().permute(0, 2, 3, 4, 1).contiguous()
    if out is None:
        out = x.new_empty((n, *size_out, packed.out_channels))
    box = packed.config.box(size_out)
    boxes = [ceil(side / edge) for side, edge in zip(size_out, box, strict=True)]
    tiles = packed.tiles.shape[0]
    config, codes = packed.config, packed.codes or Codes((0, 0, 0), (0, 0, 0), ())
    from napari_acs.acs.gpu.triton_conv import acs_conv3d_kernel  # noqa: PLC0415 - loads triton

    source, weight = (
        _fetched(rows, packed, box) if config.fetch == "bulk" else (rows, packed.weight)
    )
    with torch.cuda.device_of(x):
        acs_conv3d_kernel[(n * boxes[0] * boxes[1] * boxes[2] * tiles,)](
            source,
            weight,
            packed.weight if packed.bias is None else packed.bias,
            out,
            packed.tiles,
            packed.taps,
            *codes.base,
            *codes.step,
            *size,
            *size_out,
            *boxes,
            tiles,
            cin,
            packed.out_channels,
            packed.weight.shape[2] // config.depth,
            *volume_stride(packed.geometry),
            *box,
            config.width,
            config.depth,
            cin % config.depth == 0,
            packed.even_tiles,
            packed.bias is not None,
            packed.activation,
            packed.precision,
            packed.codes is not None,
            config.fetch,
            num_warps=config.warps,
            # Taps read from memory pass through the pipeline too, ahead of what they point to.
            num_stages=config.stages if packed.codes else 2 * config.stages - 1,
        )
    return out.permute(0, 4, 1, 2, 3)


def _fetched(rows: Tensor, packed: Packed, box: tuple[int, int, int]) -> tuple[Any, Any]:
    """Describe the volume and the weights to Hopper's bulk copies."""
    # By name: older tritons do not have it.
    descriptor = import_module("triton.tools.tensor_descriptor").TensorDescriptor
    config = packed.config
    flat = packed.weight.flatten(0, 1)
    return (
        descriptor.from_tensor(rows, [1, *box, config.depth]),
        descriptor.from_tensor(flat, [config.width, config.depth]),
    )
