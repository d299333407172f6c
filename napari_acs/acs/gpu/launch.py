"""Run the GPU kernel on a packed layer.

A plain function and no ``torch.library`` operator: ``triton_op`` is younger than the oldest torch
we support and wants triton imported when it is defined, and the engine calls layers eagerly, for
inference, where neither autograd nor tracing looks inside.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    size_out = _check(x, packed)
    rows = x.detach().permute(0, 2, 3, 4, 1).contiguous()
    if out is None:
        out = x.new_empty((x.shape[0], *size_out, packed.out_channels))
    from napari_acs.acs.gpu.triton_conv import acs_conv3d_kernel  # noqa: PLC0415 - loads triton

    programs, arguments = launch_arguments(rows, packed, out)
    with torch.cuda.device_of(x):
        acs_conv3d_kernel[(programs,)](**arguments)
    return out.permute(0, 4, 1, 2, 3)


def launch_arguments(rows: Tensor, packed: Packed, out: Tensor) -> tuple[int, dict[str, Any]]:
    """Return how many programs the kernel needs, and its arguments and options by name.

    Parameters
    ----------
    rows, out : Tensor, shape (n, z, y, x, channels)
        Dense.
    packed : Packed
    """
    config, codes = packed.config, packed.codes or Codes((0, 0, 0), (0, 0, 0), ())
    n, *sides, cin = rows.shape
    sides_out = out.shape[1:4]
    box = config.box((sides_out[0], sides_out[1], sides_out[2]))
    boxes = [ceil(side / edge) for side, edge in zip(sides_out, box, strict=True)]
    tiles = packed.tiles.shape[0]
    bulk = config.fetch == "bulk"
    source, weight = _fetched(rows, packed, box) if bulk else (rows, packed.weight)
    arguments = {
        "x": source,
        "weight": weight,
        "bias": packed.tiles if packed.bias is None else packed.bias,  # any memory where absent
        "out": out,
        "tiles": packed.tiles,
        "taps": packed.taps,
        **_along_axes("base", codes.base),
        **_along_axes("step", codes.step),
        "Z": sides[0],
        "Y": sides[1],
        "X": sides[2],
        "ZO": sides_out[0],
        "YO": sides_out[1],
        "XO": sides_out[2],
        **_along_axes("boxes", boxes),
        "n_tiles": tiles,
        "cin": cin,
        "cout": packed.out_channels,
        "k_blocks": packed.weight.shape[2] // config.depth,
        **_along_axes("STRIDE", volume_stride(packed.geometry)),
        **_along_axes("BOX", box),
        "WIDTH": config.width,
        "BLOCK_K": config.depth,
        "EVEN_K": cin % config.depth == 0,
        "EVEN_TILES": packed.even_tiles,
        "HAS_BIAS": packed.bias is not None,
        "ACTIVATION": packed.activation,
        "PRECISION": packed.precision,
        "CODED": packed.codes is not None,
        "FETCH": config.fetch,
        "num_warps": config.warps,
        # Taps read from memory pass through the pipeline too, ahead of what they point to.
        "num_stages": config.stages if packed.codes else 2 * config.stages - 1,
    }
    return n * boxes[0] * boxes[1] * boxes[2] * tiles, arguments


def _check(x: Tensor, packed: Packed) -> tuple[int, int, int]:
    """Return the output's sides, or raise ValueError."""
    if x.dim() != 5 or x.shape[1] != packed.in_channels or x.dtype != packed.weight.dtype:
        raise ValueError(
            f"packed for (n, {packed.in_channels}, z, y, x) of {packed.weight.dtype}, "
            f"got {tuple(x.shape)} of {x.dtype}"
        )
    size_out = output_size(packed.geometry, (x.shape[2], x.shape[3], x.shape[4]))
    if x.numel() == 0 or min(size_out) < 1:
        raise ValueError(f"an input of {tuple(x.shape)} is too small for {packed.geometry}")
    return size_out


def _along_axes(name: str, values: Sequence[int]) -> dict[str, int]:
    axes = "ZYX" if name.isupper() else "zyx"
    return {f"{name}_{axis}": value for axis, value in zip(axes, values, strict=True)}


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
