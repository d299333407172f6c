"""Dense 3D layers from 2D ones: the ways to 3D that ACS convolutions are compared with.

All make torch's own ``nn.Conv3d`` and ``nn.ConvTranspose3d``. The new axis, z, takes the kernel,
stride, padding and dilation of the rows; y and x keep those of rows and columns. Data type,
device, ``requires_grad``, bias and padding mode are the 2D layer's; the parameters are new.
"""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from napari_acs.acs.dense import dense_box, embed, kernel_geometry
from napari_acs.acs.geometry import PLANES

_Dense = TypeVar("_Dense", nn.Conv3d, nn.ConvTranspose3d)


def inflate(conv: nn.Conv2d) -> nn.Conv3d:
    """Return the 3D layer whose kernel is the 2D one, repeated along z and divided by its depth.

    A volume that is constant along z gives what the 2D layer gives, but for the ends, where zero
    padding comes in. Source: Carreira & Zisserman, "Quo Vadis, Action Recognition? A New Model and
    the Kinetics Dataset", CVPR 2017 (I3D).

    Parameters
    ----------
    conv : nn.Conv2d
        Left untouched.

    Returns
    -------
    nn.Conv3d
        With weight shape (out, in / groups, rows, rows, columns).
    """
    depth = conv.kernel_size[0]
    weight = (conv.weight.detach() / depth).unsqueeze(2).repeat(1, 1, depth, 1, 1)
    return _filled(nn.Conv3d, weight, conv, padding_mode=conv.padding_mode)


def mean(conv: nn.Conv2d) -> nn.Conv3d:
    """Return the 3D layer whose kernel is the mean of the 2D one in the three planes.

    That is the "mean ACS convolution" of ``acsconv`` (``SoftACSConv(mean=True)``) as the start of a
    dense layer, whose every tap can then be trained. No axis is preferred: the kernel of a
    symmetric 2D kernel is symmetric in z, y, x. A constant volume gives what the 2D layer gives for
    a constant picture. Where rows and columns differ in length, y takes the longer.

    (For video networks "mean initialisation" is another name of :func:`inflate`: Girdhar et al.,
    "Detect-and-Track", CVPR 2018.)

    Parameters
    ----------
    conv : nn.Conv2d
        Left untouched.

    Returns
    -------
    nn.Conv3d
        With weight shape (out, in / groups, rows, max(rows, columns), columns).

    Raises
    ------
    ValueError
        If rows and columns differ in dilation: y, which holds both, can have but one.
    """
    if len(set(conv.dilation)) > 1:
        raise ValueError(f"dilation={conv.dilation} differs between the axes")
    geometry = kernel_geometry(conv)
    box, weight = dense_box(geometry), conv.weight.detach()
    planes = [embed(weight, box, geometry, plane) for plane in PLANES]
    own: dict[str, Any] = {"kernel_size": box.size, "padding_mode": conv.padding_mode}
    if not isinstance(conv.padding, str):
        own["padding"] = tuple(conv.padding[side] for side in geometry.leading())
    return _filled(nn.Conv3d, torch.stack(planes).mean(0), conv, **own)


def native(conv: nn.Conv2d) -> nn.Conv3d:
    """Return a new 3D layer of the same settings, with torch's own random start.

    Nothing of the 2D weights is kept. Draws from torch's generator: see ``torch.manual_seed``.
    """
    return _as_trained(nn.Conv3d(**_settings(conv), padding_mode=conv.padding_mode), conv)


def inflate_transposed(conv: nn.ConvTranspose2d) -> nn.ConvTranspose3d:
    """Return the transposed 3D layer whose kernel is the 2D one, repeated along z and scaled.

    With stride ``s`` an output plane is reached by every ``s``-th tap along z alone. Each tap is
    therefore divided by the number of taps that reach the same planes as it does (``k / s`` where
    that is whole), so that, as with :func:`inflate`, a volume constant along z gives the 2D layer
    away from the ends. Planes that no tap reaches (``k < s``) are bias alone, as such rows are in
    the 2D layer.
    """
    depth, stride, dilation = conv.kernel_size[0], conv.stride[0], conv.dilation[0]
    phases = [tap * dilation % stride for tap in range(depth)]
    weight = conv.weight.detach()
    taps = torch.stack([weight / phases.count(phase) for phase in phases], dim=2)
    more = _with_depth(conv.output_padding)
    return _filled(nn.ConvTranspose3d, taps, conv, output_padding=more)


def native_transposed(conv: nn.ConvTranspose2d) -> nn.ConvTranspose3d:
    """Return a new transposed 3D layer of the same settings; see :func:`native`."""
    more = _with_depth(conv.output_padding)
    return _as_trained(nn.ConvTranspose3d(**_settings(conv), output_padding=more), conv)


def _filled(
    kind: type[_Dense], weight: Tensor, conv: nn.Conv2d | nn.ConvTranspose2d, **own: Any
) -> _Dense:
    """Make a layer of the 2D layer's settings, but for its own, with this weight."""
    new: _Dense = skip_init(kind, **_settings(conv) | own)
    with torch.no_grad():
        new.weight.copy_(weight)
        if new.bias is not None and conv.bias is not None:
            new.bias.copy_(conv.bias)
    return _as_trained(new, conv)


def _as_trained(new: _Dense, conv: nn.Conv2d | nn.ConvTranspose2d) -> _Dense:
    """Freeze what was frozen."""
    new.weight.requires_grad_(conv.weight.requires_grad)
    if new.bias is not None and conv.bias is not None:
        new.bias.requires_grad_(conv.bias.requires_grad)
    return new


def _settings(conv: nn.Conv2d | nn.ConvTranspose2d) -> dict[str, Any]:
    """Return what ``nn.Conv3d`` and ``nn.ConvTranspose3d`` both take."""
    return {
        "in_channels": conv.in_channels,
        "out_channels": conv.out_channels,
        "kernel_size": _with_depth(conv.kernel_size),
        "stride": _with_depth(conv.stride),
        "padding": conv.padding if isinstance(conv.padding, str) else _with_depth(conv.padding),
        "dilation": _with_depth(conv.dilation),
        "groups": conv.groups,
        "bias": conv.bias is not None,
        "device": conv.weight.device,
        "dtype": conv.weight.dtype,
    }


def _with_depth(value: tuple[int, ...]) -> tuple[int, int, int]:
    rows, columns = value
    return rows, rows, columns
