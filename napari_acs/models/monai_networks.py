"""Networks of MONAI by name, for its bundles: the native 3D peers of the ACS networks.

MONAI (extra ``monai``) is imported with the first of them only: it takes seconds.
"""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from napari_acs.errors import BadInput
from napari_acs.models.padded import PaddedToMultiple

NETWORKS: Final = ("SegResNet", "UNet", "BasicUNet", "DynUNet")
"""Classes of ``monai.networks.nets`` that can be built: those whose imports are tested."""


REPEATED: Final = {
    "DynUNet": ("input_block", "downsamples", "bottleneck", "upsamples", "deep_supervision_heads")
}
"""Parts that a network holds a second time under another name, which its forward uses."""


def monai_network(network: str, arguments: dict[str, Any], size_bytes: int) -> nn.Module:
    """Return a network of MONAI, for volumes of any size.

    Parameters
    ----------
    network : str
        One of ``NETWORKS``.
    arguments : dict
        Of its constructor, plain values.
    size_bytes : int
        Of its weights' file. Arguments that a file of this size cannot fill are refused, before
        the memory is taken.

    Raises
    ------
    BadInput
        If MONAI is not installed, the class is not in the list, or is larger than its weights.
    ValueError, TypeError
        If MONAI refuses the arguments.
    """
    if network not in NETWORKS:
        raise BadInput(
            f"MONAI's network {network!r} cannot be built here", expected=", ".join(NETWORKS)
        )
    try:
        from monai.networks import nets  # noqa: PLC0415
    except ImportError as error:
        raise BadInput(
            f"this model is MONAI's {network}, and MONAI is not installed",
            do="Install it with: pip install 'napari-acs[monai]'",
        ) from error
    make = getattr(nets, network)
    try:
        multiple, smallest = _sides(network, arguments)
        with _Budget(network, size_bytes):
            made = make(**arguments)
        for part in REPEATED.get(network, ()):
            if hasattr(made, part):
                delattr(made, part)
        return PaddedToMultiple(made, multiple, smallest)
    except (AssertionError, KeyError, IndexError, AttributeError, NotImplementedError) as error:
        raise ValueError(f"{network}: {type(error).__name__}: {error}") from error


class _Budget(TorchFunctionMode):
    """Refuse to make more values than a file of weights can hold."""

    def __init__(self, network: str, size_bytes: int) -> None:
        super().__init__()
        self._network, self._size_bytes, self._count = network, size_bytes, 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count what ``torch.empty`` and its like are asked for."""
        if func in (torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn):
            sides = args[0] if args and isinstance(args[0], tuple | list) else args
            self._count += math.prod(side for side in sides if isinstance(side, int))
            # Half precision takes two bytes a weight; nothing takes less than one.
            if self._count > self._size_bytes:
                raise BadInput(
                    f"MONAI's {self._network} with these arguments is larger than its weights",
                    found=f"over {self._count} values for a file of {self._size_bytes} bytes",
                )
        return func(*args, **(kwargs or {}))


def _sides(network: str, arguments: dict[str, Any]) -> tuple[int, int]:
    """Return of what each side must be a multiple, and the shortest that a norm takes."""
    if network == "SegResNet":
        multiple = 2 ** (len(arguments.get("blocks_down", (1, 2, 2, 4))) - 1)
    elif network == "BasicUNet":
        multiple = 16
    else:
        multiple = math.prod(_one(stride) for stride in arguments["strides"])
    return multiple, 2 * multiple


def _one(stride: Any) -> int:
    return max(stride) if isinstance(stride, list | tuple) else int(stride)
