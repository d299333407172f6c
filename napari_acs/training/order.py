"""What the command line asks of a training run, whatever its task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from napari_acs.training.loop import Step

AUTO = "auto"
"""The layout of a data set is told by its files."""


@dataclass(frozen=True)
class Order:
    """Where a run's data come from, where it works and what becomes of it.

    Attributes
    ----------
    data : tuple of Path
        Folders of cases; may be empty where ``cache`` is prepared.
    cache : Path
        The prepared cache; filled from ``data`` if there are any.
    run : Path
        The run's folder.
    out : Path
        The bundle to write; not there yet.
    encoder_weights : Path, optional
        2D weights for the encoder, with torchvision's names.
    from_scratch : bool
        Whether to use no pretrained weights.
    command : str
        As it was typed, for the card.
    layout : str
        Of ``data``: ``auto``, or one of `napari_acs.training.layouts.LAYOUTS`.
    patient_pattern : str, optional
        Finds the patient in a case's name, see `napari_acs.training.layouts.patients.patient_of`.
    """

    data: tuple[Path, ...]
    cache: Path
    run: Path
    out: Path
    encoder_weights: Path | None
    from_scratch: bool
    command: str
    layout: str = AUTO
    patient_pattern: str | None = None


@dataclass(frozen=True)
class Company:
    """The processes of a run, and the user who watches.

    Attributes
    ----------
    fabric : Fabric
        The processes; only the main one (``fabric.is_global_zero``) speaks and writes.
    stop : callable
        Whether the user has asked to stop; to be handed to the loop.
    follow : callable
        Shows the steps of a loop as they come; returns False if the user stopped it.
    progress : callable
        Shows (stage, done, total) of anything else.
    """

    fabric: Fabric
    stop: Callable[[], bool]
    follow: Callable[[Iterator[Step]], bool]
    progress: Callable[[str, int, int], None]
