"""Show by a trial that a converted network is the 2D one, where its code does not say so.

All channels are put in the axial plane. On a volume that is constant along z the network then has
to answer what the 2D network answers for one slice; a wrong axis anywhere shows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_PICTURES = ((64, 96), (96, 128), (32, 32), (28, 28), (128, 128), (224, 224))
_MOST_SLICES = 96
_TOLERANCE = 1e-3


def try_volume(
    flat: nn.Module, in_channels: int, make_axial: Callable[[nn.Module], nn.Module]
) -> None:
    """Raise ValueError unless a network, converted to axial planes, is the 2D one on slices.

    Parameters
    ----------
    flat : nn.Module
        The 2D network; a copy of it is run.
    in_channels : int
        Channels of the picture that it takes.
    make_axial : callable
        Converts a 2D network (which it may change) with all channels in the axial plane.
    """
    flat = copy.deepcopy(flat).eval()
    if any(p.is_meta for p in flat.parameters()):
        raise ValueError("and cannot be tried on the meta device: convert it elsewhere")
    maker = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in flat.parameters():  # layers that begin at zero would hide what they do
            if p.is_floating_point():
                p.add_(0.02 * torch.randn(p.shape, generator=maker).to(p))
    some = next((p for p in flat.parameters() if p.is_floating_point()), torch.zeros(()))
    solid = make_axial(copy.deepcopy(flat)).eval()
    complaint: Exception | str = "it takes no picture"
    for rows, columns in _PICTURES:
        picture = torch.randn((2, in_channels, rows, columns), generator=maker).to(some)
        with torch.no_grad(), _NoMarginInAverages():
            try:
                expected = list(_tensors(flat(picture)))
            except Exception as error:
                complaint = error
                continue
            volume = picture.unsqueeze(2).expand(-1, -1, min(rows, _MOST_SLICES), -1, -1)
            try:
                found = list(_tensors(solid(volume.contiguous())))
            except Exception as error:
                raise ValueError(f"and fails on a volume ({error})") from error
        if len(found) != len(expected) or not all(map(_same, found, expected)):
            raise ValueError("and on a volume it does not do what it does on its slices")
        return
    raise ValueError(f"and could not be tried ({complaint})")


def _same(found: Tensor, expected: Tensor) -> bool:
    if found.dim() == expected.dim() + 1 and found.dim() > 4:
        found, expected = torch.broadcast_tensors(found, expected.unsqueeze(2))
    if found.shape != expected.shape or not expected.isfinite().all():
        return False
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
