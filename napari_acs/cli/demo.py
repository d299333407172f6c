"""``napari-acs demo``: the sample study, segmented, in a window or in a folder."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_acs.cli import options
from napari_acs.cli.outcome import exits
from napari_acs.errors import BadInput


@exits
def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="No window: write the pictures and stop.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for the demo's files."),
    ] = None,
    debug: options.Debug = False,
) -> None:
    """Open the sample study (a digital phantom, not a patient) with the Segment panel."""
    if headless and out is None:
        raise BadInput("A demo without a window needs a folder", do="Add --out DIR")
    from napari_acs.viewer import demo as viewer_demo

    outcome = viewer_demo.run(headless, out)
    typer.echo(str(outcome))
