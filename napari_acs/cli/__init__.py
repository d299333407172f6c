"""The ``napari-acs`` command: the same jobs as the panel, without a window.

One file a command. Each imports the rooms it needs inside its function, so that help and
refused options cost no torch import.
"""

from __future__ import annotations

from typing import Annotated

import typer

import napari_acs
from napari_acs.cli.check import check
from napari_acs.cli.classify import classify
from napari_acs.cli.demo import demo
from napari_acs.cli.evaluate import evaluate
from napari_acs.cli.finetune import finetune
from napari_acs.cli.info import info
from napari_acs.cli.models import models
from napari_acs.cli.piped import heedless
from napari_acs.cli.review import review
from napari_acs.cli.segment import segment
from napari_acs.cli.train import train

app = typer.Typer(
    name="napari-acs",
    help="Brain tumour segmentation with ACS-convolution networks. Research only; not for "
    "clinical use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done, 2 bad input or refused, 3 cancelled, 1 our fault.",
)
app.command("check")(check)
app.command("segment")(segment)
app.command("classify")(classify)
app.command("evaluate")(evaluate)
app.command("train")(train)
app.command("finetune")(finetune)
app.command("info")(info)
app.command("demo")(demo)
app.add_typer(models, name="models")
app.add_typer(review, name="review")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(napari_acs.__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and exit with its code."""
    with heedless():
        app()
