"""How the processes of one training end: one of them speaks."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from napari_acs.cli.outcome import REFUSED
from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@contextmanager
def in_company(fabric: Fabric, run: Path) -> Iterator[None]:
    """End this process without a word where another one of the training refused.

    Raises
    ------
    BadInput
        In the main process, where another one was killed.
    """
    from napari_acs.training.agreement import RefusedElsewhere, is_lost_company

    try:
        yield
    except RefusedElsewhere as error:
        # Not a failure of a helper's own: Fabric would kill the main process over it, perhaps
        # before it has said why.
        raise typer.Exit(REFUSED if fabric.is_global_zero else 0) from error
    except RuntimeError as error:
        if fabric.world_size == 1 or not is_lost_company(error):
            raise
        if not fabric.is_global_zero:
            raise typer.Exit(REFUSED) from error
        raise BadInput(
            "Another process of this training has ended before its time",
            do=f"The same command goes on from the last checkpoint in {run}, which is kept",
        ) from error
