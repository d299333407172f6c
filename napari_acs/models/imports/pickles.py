"""Checkpoints that hold more than weights: what is not plain is left out, and never run."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from napari_acs.errors import BadInput
from napari_acs.models.safe_load import DAMAGED, refuse_odd_tensors

_IGNORED = ("pandas.", "numpy.", "pathlib.", "torchio.")


class LeftOut:
    """Stands for an object of another library in a checkpoint; takes all, keeps nothing."""

    def __new__(cls, *_args: Any, **_fields: Any) -> LeftOut:
        """Take what the object would have been made of."""
        return super().__new__(cls)

    def __init__(self, *_args: Any, **_fields: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...


def load_checkpoint(file: Path, convert: str) -> dict[str, Any]:
    """Read a ``torch.save`` file of which only tensors and plain values are wanted.

    Read with ``weights_only=True``. Objects of pandas, numpy, pathlib and torchio, which tools put
    beside the weights (GaNDLF saves its table of training cases), become `LeftOut`: torch's
    restricted unpickler is given that class under their names, so that nothing of those libraries,
    nor of the file, is run.

    Parameters
    ----------
    file : Path
    convert : str
        A command that turns the file into one that can be read, run where it was made.

    Raises
    ------
    BadInput
        If it cannot be read, is no dict, or asks for anything else.
    """
    if not file.is_file():
        raise BadInput(f"{file} is not there", do="Check the path")
    try:
        asked = torch.serialization.get_unsafe_globals_in_checkpoint(str(file))
        others = [n for n in asked if not n.startswith(_IGNORED) and n != "builtins.slice"]
        if others:
            raise BadInput(
                f"{file} is refused",
                found=f"a pickle that wants {', '.join(sorted(others)[:3])} to be loaded, which "
                "could run anything",
                expected="tensors, plain values and tables",
                do=f"Where you trust its source, convert it where it was made: {convert}",
            )
        with torch.serialization.safe_globals([(LeftOut, name) for name in asked]):
            loaded = torch.load(file, map_location="cpu", weights_only=True)
    except BadInput:
        raise
    except pickle.UnpicklingError as error:
        raise BadInput(
            f"{file} is refused",
            found="a pickle that wants to run code to be loaded",
            do=f"Where you trust its source, convert it where it was made: {convert}",
        ) from error
    except DAMAGED as error:
        raise BadInput(
            f"{file} cannot be read",
            found=(str(error) or type(error).__name__).splitlines()[0],
            expected="a file of torch.save, and torch 2.6 or newer to read it",
            do="Copy the file again; it may be cut short",
        ) from error
    if not isinstance(loaded, dict):
        raise BadInput(
            f"{file} holds no checkpoint",
            found=type(loaded).__name__,
            expected="names and tensors",
            do="Check that it is the file with the weights",
        )
    for part in (loaded, *loaded.values()):
        inside = part.items() if isinstance(part, dict) else ()
        refuse_odd_tensors(file, {str(k): t for k, t in inside if isinstance(t, Tensor)})
    return loaded
