"""A fault of torch's bfloat16 on CPUs, kept away from training.

On a CPU, torch 2.14.1 (oneDNN) computes the weight gradient of a 3D convolution in bfloat16 from
memory that nobody wrote when a map's last side is 2 voxels: now and then a number like 1e17, or not
a number. Clipping such a gradient leaves nothing of all the others. MobileNetV2 meets such maps at
stride 32 of a patch of 64 voxels. Maps of 3 voxels and more, and float32, are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_TINY = 4  # voxels on the way in: a stride of 2 makes 2 of them


@contextmanager
def exact_on_tiny_maps(network: nn.Module) -> Iterator[None]:
    """Have the layers that see tiny maps on a CPU compute in float32, whatever the autocast says.

    Parameters
    ----------
    network : nn.Module
        Its layers without children are watched while the block lasts.
    """
    with ExitStack() as until_done:
        for module in network.modules():
            if (
                next(module.children(), None) is None
                and next(module.parameters(), None) is not None
            ):
                watch = _Watch()
                # `always_call`: a layer that fails must not leave autocast off.
                handles = (
                    module.register_forward_pre_hook(watch.before),
                    module.register_forward_hook(watch.after, always_call=True),
                )
                for handle in handles:
                    until_done.callback(handle.remove)
        yield


class _Watch:
    """Switches autocast off for one call of one layer."""

    def __init__(self) -> None:
        self._off = ExitStack()

    def before(self, _module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        x = arguments[0] if arguments else None
        if not isinstance(x, Tensor) or x.device.type != "cpu" or x.dim() != 5:
            return None
        if x.shape[-1] > _TINY or not torch.is_autocast_enabled("cpu"):
            return None
        self._off.enter_context(torch.autocast("cpu", enabled=False))
        return (x.float(), *arguments[1:])

    def after(self, *_: object) -> None:
        self._off.close()
