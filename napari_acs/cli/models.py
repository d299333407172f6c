"""``napari-acs models``: which model bundles there are, and what one says of itself."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

import json as jsonlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_acs.cli import options
from napari_acs.cli.models_change import add, export, remove, set_default
from napari_acs.cli.outcome import REFUSED, exits
from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari_acs.models import BrokenBundle, BundleEntry

_MOST_CARD_BYTES = 2**20

models = typer.Typer(help="List, verify, add, remove or send models.", no_args_is_help=True)
models.command("add")(add)
models.command("remove")(remove)
models.command("export")(export)
models.command("default")(set_default)


@models.command("list")
@exits
def list_models(json: options.JsonSwitch = False, debug: options.Debug = False) -> None:
    """List the models, and what is refused as one."""
    from napari_acs.models import list_broken, list_bundles
    from napari_acs.models.store import default_bundle

    found = [described(entry) for entry in list_bundles()]
    segments = [m for m in found if m["task"] == "segmentation" and m["status"] == "trained"]
    broken = [refused(one) for one in list_broken()]
    if json:
        typer.echo(jsonlib.dumps([*found, *broken], indent=2, ensure_ascii=False))
        return
    default, note = default_bundle() if segments else ("", "")
    for model in found:
        state = "verified" if model["verified"] else "WEIGHTS CHANGED"
        typer.echo(
            f"{'*' if model['id'] == default else ' '} {model['id']}  {model['task']}  "
            f"{model['source']}  {state}  {model['status']}  {model['size_bytes'] / 1e6:.1f} MB  "
            f"{model['licence']}  {model['title']}"
        )
    if default:
        typer.echo("* is the model that segments where none is named.")
    for model in (*found, *broken):
        if model["why"]:
            typer.echo(f"REFUSED: {model['why']}", err=True)
    if note:
        typer.echo(note, err=True)
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
    entry = _entry(model)
    if json:
        record = {**described(entry), "spec": entry.spec.model_dump(mode="json")}
        typer.echo(jsonlib.dumps(record, indent=2, ensure_ascii=False))
        return
    spec = entry.spec
    from napari_acs.models.description import read_bounded

    card = entry.path / "card.md"
    typer.echo(f"{spec.id} {spec.version}: {spec.title}\n{entry.path}\n{spec.intended_use}")
    if spec.status == "untrained":
        typer.echo("Untrained: it cannot predict before it is trained, see docs/finetuning.md.")
    if card.is_file():
        text = read_bounded(card, _MOST_CARD_BYTES).decode("utf-8", errors="replace")
        # A card comes from whoever made the model: it must not steer the terminal.
        typer.echo("\n" + "".join(c for c in text if c.isprintable() or c in "\n\t"))


@models.command("verify")
@exits
def verify(
    model: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="Model id or a bundle's folder. Left out: all of them."),
    ] = None,
    json: options.JsonSwitch = False,
    debug: options.Debug = False,
) -> None:
    """Check description, sha256, fit and values of a model's weights; exits with 2 if any fails."""
    from napari_acs.models import list_broken, list_bundles
    from napari_acs.models.bundle import load_any_bundle

    results = [] if model else [refused(one) for one in list_broken()]
    entries = [] if model else list_bundles()
    places = {model: model} if model else {entry.spec.id: entry.path for entry in entries}
    for named, place in places.items():
        why = ""
        try:
            load_any_bundle(place).network(untrained=True)
        except BadInput as refusal:
            why = refusal.sentence()
        results.append({"id": named, "verified": not why, "why": why})
    if json:
        typer.echo(jsonlib.dumps(results, indent=2, ensure_ascii=False))
    for result in results:
        if result["why"]:
            typer.echo(f"{result['id']}: {result['why']}", err=True)
        elif not json:
            typer.echo(f"{result['id']}: verified")
    if any(result["why"] for result in results):
        raise typer.Exit(REFUSED)


def described(entry: BundleEntry) -> dict[str, Any]:
    """Return one model as the JSON object that ``models list`` and ``info`` show."""
    from napari_acs.models.verify import why_unverified

    why = why_unverified(entry.path, entry.spec)
    return {
        "id": entry.spec.id,
        "title": entry.spec.title,
        "version": entry.spec.version,
        "task": entry.spec.task,
        "source": entry.source,
        "path": str(entry.path),
        "verified": not why,
        "status": entry.spec.status,
        "size_bytes": entry.spec.weights.size_bytes,
        "licence": entry.spec.licence,
        "why": why,
    }


def refused(broken: BrokenBundle) -> dict[str, Any]:
    """Return what is no sound bundle as an object with the keys of `described`."""
    return {
        "id": broken.id or broken.path.name,
        "title": None,
        "version": None,
        "task": None,
        "source": broken.source,
        "path": str(broken.path),
        "verified": False,
        "status": "broken",
        "size_bytes": None,
        "licence": None,
        "why": broken.why,
    }


def _entry(model: str) -> BundleEntry:
    from napari_acs.models import list_broken, list_bundles

    entries = {entry.spec.id: entry for entry in list_bundles()}
    for broken in list_broken() if model not in entries else ():
        if model in (broken.id, broken.path.name):
            raise BadInput(broken.why)
    if model not in entries:
        raise BadInput(
            f"There is no model {model!r}",
            expected=", ".join(entries) or "a model; none is installed",
            do="See napari-acs models list",
        )
    return entries[model]
