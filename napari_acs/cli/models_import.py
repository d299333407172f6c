"""What ``napari-acs models add`` does with a source that is no bundle yet."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_acs.models import Bundle

Kind = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="torchvision, gandlf, acsconv, run or monai. Left out: recognised.",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration or recipe that lies elsewhere."),
]
Channels = Annotated[
    str,
    typer.Option(
        "--channels",
        metavar="NAMES",
        help="Sequences in the order of the network's input, such as t1,t1ce,t2,flair.",
    ),
]
Classes = Annotated[
    str,
    typer.Option(
        "--classes",
        metavar="NAMES",
        help="What its labels or output channels mean, in order, such as NCR,ED,ET.",
    ),
]
Id = Annotated[
    str | None, typer.Option("--id", metavar="ID", help="Of the new bundle. Left out: made up.")
]
Title = Annotated[str | None, typer.Option("--title", metavar="TITLE", help="Of the new bundle.")]


def imported(
    source: str,
    folder: Path,
    *,
    kind: str | None = None,
    config: Path | None = None,
    channels: str = "",
    classes: str = "",
    id: str | None = None,
    title: str | None = None,
) -> Bundle:
    """Import a source into a folder of bundles; names in one text, with commas between.

    Raises
    ------
    BadInput
        See :func:`napari_acs.models.imports.import_model`.
    """
    from napari_acs.models.imports import import_model

    return import_model(
        source,
        folder,
        kind=kind,
        config=config,
        channels=_names(channels),
        classes=_names(classes),
        id=id,
        title=title,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
