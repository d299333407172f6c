"""Read weights without ever running code that a file brings along."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from napari_acs.errors import BadInput


def load_state(path: Path) -> dict[str, Tensor]:
    """Read a state dict from ``.safetensors``, ``.pt`` or ``.pth``.

    Parameters
    ----------
    path : Path
        The weights file. ``.pt`` and ``.pth`` are read with ``weights_only=True``: a pickle that
        asks for anything but tensors and plain containers is refused before it can run.

    Returns
    -------
    dict of str to Tensor
        On the CPU. A checkpoint that wraps its weights in ``state_dict`` or ``model`` is
        unwrapped.

    Raises
    ------
    BadInput
        If the file is missing, broken, of another kind, or a pickle that needs unpickling.
    """
    if path.is_dir():
        raise BadInput(f"{path} is not a weights file", found="a folder", do="Name the file in it")
    if not path.is_file():
        raise BadInput(f"{path} is not there", do="Check the path")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise BadInput(
                f"{path} cannot be read as safetensors",
                found=str(error),
                do="Copy the file again; it may be cut short",
            ) from error
    if path.suffix not in (".pt", ".pth"):
        raise BadInput(
            f"{path} is not a weights file",
            found=f"the ending {path.suffix or '(none)'}",
            expected=".safetensors, .pt or .pth",
        )
    return plain_tensors(path, load_pickled(path))


DAMAGED = (
    *(OSError, RuntimeError, EOFError, ValueError, TypeError, AttributeError, AssertionError),
    *(LookupError, OverflowError, MemoryError, struct.error),
)
"""What torch raises for files of ``torch.save`` that are damaged, or were made to be."""


def load_pickled(path: Path) -> object:
    """Return what a file of ``torch.save`` holds, read with ``weights_only=True``.

    Raises
    ------
    BadInput
        If it is damaged, or wants more than tensors and plain containers.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BadInput(
            f"{path} is refused",
            found="a pickle that wants to run code to be loaded, which could do anything",
            expected="plain tensors",
            do=(
                "Where you trust its source, load it there and save its state_dict() alone, with "
                "safetensors.torch.save_file"
            ),
        ) from error
    except DAMAGED as error:
        raise BadInput(
            f"{path} cannot be read",
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            expected="a file written by torch.save",
            do="Copy the file again; it may be cut short",
        ) from error


def plain_tensors(path: Path, loaded: object) -> dict[str, Tensor]:
    """Return a state dict that holds ordinary tensors and nothing else.

    Raises
    ------
    BadInput
        If it is none: also for tensors that say they are larger than what the file holds of them.
    """
    for key in ("state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict) or not loaded:
        raise BadInput(
            f"{path} holds no state dict",
            found=type(loaded).__name__,
            expected="names and tensors",
            do="Save the network's state_dict() alone",
        )
    tensors = {str(k): v for k, v in loaded.items() if isinstance(v, Tensor)}
    if len(tensors) != len(loaded):
        other = next(k for k, v in loaded.items() if not isinstance(v, Tensor))
        raise BadInput(
            f"{path} holds other things than tensors",
            found=f"{type(loaded[other]).__name__} at {str(other)[:80]!r}",
            expected="a plain state dict",
            do="Save the network's state_dict() alone",
        )
    refuse_odd_tensors(path, tensors)
    return tensors


def refuse_odd_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors that are sparse, quantised or without values, or repeat what they hold.

    Raises
    ------
    BadInput
        Naming the tensor.
    """
    for name, tensor in tensors.items():
        plain = tensor.layout is torch.strided and tensor.device.type == "cpu"
        plain = plain and not tensor.is_quantized and not tensor.is_nested
        if not plain or tensor.nbytes > tensor.untyped_storage().nbytes():
            raise BadInput(
                f"{path} is refused",
                found=f"a tensor that does not hold its own values, {name[:80]!r}",
                expected="ordinary tensors",
                do="Save the network's state_dict() alone",
            )
