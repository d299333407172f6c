"""Kernels in half precision: half the space on disk, computed in single precision all the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from napari_acs.errors import BadInput

_HALF = "F16"


def halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict whose kernels are in half precision; the rest is left as it is.

    Kernels are the floating tensors of more than one axis, and all but a hundredth of a network's
    numbers. Biases, and what batch norms learned and counted, stay: a small variance would become
    0. So does a kernel with a number that half precision cannot hold (above 65 504).
    """
    return {name: _half(tensor) for name, tensor in state.items()}


def holds_halves(file: Path) -> bool:
    """Tell whether a ``.safetensors`` file holds kernels in half precision, by its header alone.

    Raises
    ------
    BadInput
        If it cannot be read.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            slices = (opened.get_slice(name) for name in opened.keys())  # noqa: SIM118
            return any(one.get_dtype() == _HALF and len(one.get_shape()) > 1 for one in slices)
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{file} cannot be read as safetensors", found=str(error)) from error


def _half(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point() or tensor.dim() < 2:
        return tensor
    half = tensor.half()
    return half if bool(half.isfinite().all()) else tensor
