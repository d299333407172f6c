"""Read weights without ever running code that a file brings along."""

from __future__ import annotations

import pickle
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
    return _plain_tensors(path, _load_pickled(path))


def _load_pickled(path: Path) -> object:
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
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise BadInput(
            f"{path} cannot be read",
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            expected="a file written by torch.save",
            do="Copy the file again; it may be cut short",
        ) from error


def _plain_tensors(path: Path, loaded: object) -> dict[str, Tensor]:
    for key in ("state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict) or not loaded:
        raise BadInput(f"{path} holds no state dict", found=type(loaded).__name__)
    tensors = {str(k): v for k, v in loaded.items() if isinstance(v, Tensor)}
    if len(tensors) != len(loaded):
        raise BadInput(f"{path} holds other things than tensors", expected="a plain state dict")
    return tensors
