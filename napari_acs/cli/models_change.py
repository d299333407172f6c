"""``napari-acs models add | remove | export | default``: what changes which models there are."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_acs.cli import models_import, options
from napari_acs.cli.outcome import exits
from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari_acs.models import BundleEntry

ModelId = Annotated[str, typer.Argument(metavar="ID", help="Model id (see `models list`).")]


@exits
def add(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A bundle's folder or a .zip of one; another tool's model, file or folder; or "
            "torchvision:NAME, which downloads official weights. See docs/bring-your-own.md.",
        ),
    ],
    kind: models_import.Kind = None,
    config: models_import.Config = None,
    channels: models_import.Channels = "",
    classes: models_import.Classes = "",
    id: models_import.Id = None,
    title: models_import.Title = None,
    json: options.JsonSwitch = False,
    debug: options.Debug = False,
) -> None:
    """Add a model to your own, after everything in it has been verified."""
    wishes = {"kind": kind, "config": config, "channels": channels, "classes": classes}
    entry = _added(source, {**wishes, "id": id, "title": title})
    if json:
        from napari_acs.cli.models import described

        typer.echo(jsonlib.dumps(described(entry), indent=2, ensure_ascii=False))
        return
    typer.echo(f"Added {entry.spec.id} {entry.spec.version}: {entry.path}")
    if entry.spec.status == "untrained":
        typer.echo("It is untrained: train it before it can predict, see docs/finetuning.md.")


@exits
def remove(model: ModelId, debug: options.Debug = False) -> None:
    """Remove one of your own models."""
    from napari_acs.models import remove_bundle

    typer.echo(f"Removed {remove_bundle(model)}")


@exits
def export(
    model: ModelId,
    target: Annotated[
        Path, typer.Argument(metavar="FILE.zip", help="The file to write; it must not exist.")
    ],
    debug: options.Debug = False,
) -> None:
    """Pack a model as a .zip that `models add` takes, and print its sha256."""
    from napari_acs.models import export_bundle
    from napari_acs.models.verify import sha256_of

    written = export_bundle(model, target)
    typer.echo(f"{sha256_of(written)}  {written}")


@exits
def set_default(
    model: Annotated[
        str | None, typer.Argument(metavar="ID", help="Model id. Left out: the bundled one again.")
    ] = None,
    debug: options.Debug = False,
) -> None:
    """Set the model that is used where none is named."""
    from napari_acs.models import default_bundle_id, read_settings, write_settings
    from napari_acs.models.store import why_not_default

    if model is not None and (why := why_not_default(model)):
        raise BadInput(f"{model!r} was not made the default: {why}")
    write_settings(read_settings().model_copy(update={"default_model": model}))
    typer.echo(f"The default model is {default_bundle_id()}.")


def _added(source: str, wishes: Mapping[str, Any]) -> BundleEntry:
    """Add a bundle, or import what is none: the one place where the two part."""
    from napari_acs.models import BundleEntry, add_bundle
    from napari_acs.models.adding import is_bundle
    from napari_acs.models.store import user_folder

    asked = [f"--{name}" for name, value in wishes.items() if value]
    if is_bundle(Path(source)) and wishes["kind"] is None:
        if asked:
            raise BadInput(
                f"{source} is a bundle, which says itself what it is",
                found=", ".join(asked),
                do="Leave that out",
            )
        return add_bundle(Path(source))
    made = models_import.imported(source, user_folder(), **wishes)
    return BundleEntry(made.spec, made.path, "user")
