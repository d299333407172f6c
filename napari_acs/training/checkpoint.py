"""Checkpoints of a run: written whole, the last two kept, read with ``weights_only``."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from napari_acs.errors import BadInput
from napari_acs.models.atomic import HIDDEN, file_appears

LAST: Final = "checkpoint.pt"
BEFORE: Final = "checkpoint.before.pt"
BEST: Final = "best.pt"


def save_checkpoint(run: Path, state: Mapping[str, Any]) -> None:
    """Make ``state`` the last checkpoint of a run, and the last one the one before.

    At every moment, one of the two is there and whole.

    Raises
    ------
    BadInput
        If it cannot be written; the ones before are kept.
    """
    written = run / f"{HIDDEN}{LAST}.new"
    _write(written, state)
    if (run / LAST).exists():
        (run / LAST).replace(run / BEFORE)
    written.replace(run / LAST)
    _folder_to_disk(run)


def save_best(run: Path, weights: Mapping[str, Tensor]) -> None:
    """Write ``best.pt``, a state dict of the averaged network."""
    _write(run / BEST, weights)
    _folder_to_disk(run)


def read_checkpoint(run: Path) -> dict[str, Any] | None:
    """Return the newest checkpoint of a run that can be read; None where it has none.

    Returns
    -------
    dict or None
        ``step`` (steps done), ``best`` and ``stale`` (see the loop), ``network``, ``average``,
        ``optimiser``, ``precision`` and ``recipe``.

    Raises
    ------
    BadInput
        If there are checkpoints and none can be read.
    """
    faults = []
    # The hidden one is there where a run was killed between two renames.
    for name in (f"{HIDDEN}{LAST}.new", LAST, BEFORE):
        if (run / name).is_file():
            try:
                state: dict[str, Any] = torch.load(
                    run / name, map_location="cpu", weights_only=True
                )
            except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
                fault = next(iter(str(error).splitlines()), "empty")
                faults.append(f"{name}: {fault}")
            else:
                return state
    if faults:
        raise BadInput(
            f"No checkpoint in {run} can be read",
            found="; ".join(faults),
            do="Start again in another folder (--run)",
        )
    return None


def has_checkpoint(run: Path) -> bool:
    """Say whether a run was begun."""
    return any((run / name).is_file() for name in (f"{HIDDEN}{LAST}.new", LAST, BEFORE))


def sweep(run: Path) -> None:
    """Remove what killed runs left half written."""
    for name in (LAST, BEST):
        for left in run.glob(f"{HIDDEN}*{name}*-*"):
            left.unlink(missing_ok=True)


def _write(file: Path, state: Mapping[str, Any]) -> None:
    with file_appears(file, replace=True) as staging:
        try:
            torch.save(dict(state), staging)
        except RuntimeError as error:  # torch's word for what the system refused, without its why
            raise OSError("the disk is full, or the file larger than is allowed") from error


def _folder_to_disk(folder: Path) -> None:
    if os.name == "posix":  # Windows opens no folders, and does this by itself
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
