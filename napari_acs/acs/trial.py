"""Show by a trial that a converted network is the 2D one, where its code does not say so.

All channels are put in one plane, the axial and then the sagittal. On a volume that is constant
across that plane the network then has to answer what the 2D network answers for one slice; a wrong
axis anywhere shows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from napari_acs.acs.geometry import LEFT_OUT

_PICTURES = ((64, 96), (96, 128), (32, 32), (28, 28), (128, 128), (224, 224))
_MOST_SLICES = 96
_TOLERANCE = 1e-3


def try_volume(
    flat: nn.Module, in_channels: int, convert: Callable[[nn.Module, str], nn.Module]
) -> None:
    """Raise ValueError unless a network, converted to one plane, is the 2D one on slices.

    Parameters
    ----------
    flat : nn.Module
        The 2D network; it is changed.
    in_channels : int
        Channels of the picture that it takes.
    convert : callable
        Converts a 2D network (which it may change) with all channels in the plane named.
    """
    flat.eval()
    if any(p.is_meta for p in flat.parameters()):
        raise ValueError("and cannot be tried on the meta device: convert it elsewhere")
    maker = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in flat.parameters():  # layers that begin at zero would hide what they do
            if p.is_floating_point():
                p.add_(0.02 * torch.randn(p.shape, generator=maker).to(p))
    like = next((p for p in flat.parameters() if p.is_floating_point()), torch.zeros(()))
    complaint: Exception | str = "it takes no picture"
    for sides in _PICTURES:
        picture = torch.randn((2, in_channels, *sides), generator=maker).to(like)
        with torch.no_grad(), _NoMarginInAverages():
            try:
                expected = list(_tensors(flat(picture)))
            except Exception as error:
                complaint = error
                continue
            for plane in ("axial", "sagittal"):
                solid = convert(copy.deepcopy(flat), plane).eval()
                _try_plane(solid, plane, picture, expected)
        return
    raise ValueError(f"and could not be tried ({complaint})")


def _try_plane(solid: nn.Module, plane: str, picture: Tensor, expected: list[Tensor]) -> None:
    axis = LEFT_OUT[plane]
    # Another number than the picture's rows, lest one be taken for the other unnoticed.
    depth = picture.shape[2] + 32 if picture.shape[2] <= _MOST_SLICES else _MOST_SLICES
    volume = picture.unsqueeze(axis).repeat_interleave(depth, axis)
    try:
        found = list(_tensors(solid(volume)))
    except Exception as error:
        raise ValueError(f"and fails on a volume ({error})") from error
    same = [_same(a, b, axis) for a, b in zip(found, expected, strict=False)]
    if len(found) != len(expected) or not all(same):
        raise ValueError("and on a volume it does not do what it does on its slices")


def _same(found: Tensor, expected: Tensor, axis: int) -> bool:
    if found.dim() == 5 and expected.dim() == 4:
        expected = expected.unsqueeze(axis).repeat_interleave(found.shape[axis], axis)
    if found.shape != expected.shape or not expected.isfinite().all():
        return False
    if not expected.numel():  # some encoders hand on features of no channels
        return True
    difference, size = (found - expected).abs().max(), expected.abs().max()
    return bool(size > 0 and difference <= _TOLERANCE * size)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors(item)


class _NoMarginInAverages(TorchFunctionMode):
    """Leave the zeros of the margin out of averages: a volume has them along z, too."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func in (F.avg_pool2d, F.avg_pool3d):
            if len(args) > 5:
                args = (*args[:5], False, *args[6:])
            else:
                kwargs["count_include_pad"] = False
        return func(*args, **kwargs)
