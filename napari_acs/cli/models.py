"""``napari-acs models``: which model bundles there are, and what one says of itself."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

import json as jsonlib
from hashlib import file_digest
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_acs.cli import options
from napari_acs.cli.outcome import exits
from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari_acs.models import BundleEntry

models = typer.Typer(help="List the models, or show one.", no_args_is_help=True)


@models.command("list")
@exits
def list_models(json: options.JsonSwitch = False, debug: options.Debug = False) -> None:
    """List the models that `segment` can use."""
    from napari_acs.models import list_bundles

    found = [described(entry) for entry in list_bundles()]
    if json:
        typer.echo(jsonlib.dumps(found, indent=2, ensure_ascii=False))
        return
    for model in found:
        state = "verified" if model["verified"] else "WEIGHTS CHANGED OR MISSING"
        typer.echo(f"{model['id']}  {model['task']}  {model['source']}  {state}  {model['title']}")
    if not found:
        typer.echo("No models.", err=True)


@models.command("show")
@exits
def show_model(
    model: Annotated[str, typer.Argument(metavar="ID", help="Model id (see `models list`).")],
    json: options.JsonSwitch = False,
    debug: options.Debug = False,
) -> None:
    """Show a model's card; with --json all of its model.json."""
    from napari_acs.models import list_bundles

    entries = {entry.spec.id: entry for entry in list_bundles()}
    if model not in entries:
        raise BadInput(
            f"There is no model {model!r}",
            expected=", ".join(entries) or "a model; none is installed",
            do="See napari-acs models list",
        )
    entry = entries[model]
    if json:
        record = {**described(entry), "spec": entry.spec.model_dump(mode="json")}
        typer.echo(jsonlib.dumps(record, indent=2, ensure_ascii=False))
        return
    spec = entry.spec
    card = entry.path / "card.md"
    typer.echo(f"{spec.id} {spec.version}: {spec.title}\n{entry.path}\n{spec.intended_use}")
    if card.is_file():
        typer.echo("\n" + card.read_text(encoding="utf-8"))


def described(entry: BundleEntry) -> dict[str, Any]:
    """Return one model as the JSON object that ``models list`` and ``info`` show."""
    return {
        "id": entry.spec.id,
        "title": entry.spec.title,
        "version": entry.spec.version,
        "task": entry.spec.task,
        "source": entry.source,
        "path": str(entry.path),
        "verified": _verified(entry),
    }


def _verified(entry: BundleEntry) -> bool:
    """Tell whether the weights file is there and has the hash that model.json pins."""
    try:
        with (entry.path / entry.spec.weights.file).open("rb") as file:
            return file_digest(file, "sha256").hexdigest() == entry.spec.weights.sha256
    except OSError:
        return False
