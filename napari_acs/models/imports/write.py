"""Write what was imported as a bundle, with where it came from and a truthful card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from napari_acs.models import store
from napari_acs.models.adding import refuse_taken
from napari_acs.models.bundle import Bundle, save_bundle, sha256_of
from napari_acs.models.imports.request import Request, identifier

UNKNOWN_LICENCE = "unknown: ask who trained it"


def write_bundle(
    target_folder: Path,
    request: Request,
    network: nn.Module,
    *,
    tool: str,
    file: Path,
    stem: str,
    fields: dict[str, Any],
    notes: list[str],
) -> Bundle:
    """Write ``target_folder/<id>``, complete or not at all.

    Parameters
    ----------
    target_folder : Path
        Where bundles lie.
    request : Request
    network : nn.Module
        As `build_network` builds it from ``fields``, with its weights.
    tool : str
        What the source was made with, and the version if known.
    file : Path
        The weights file.
    stem : str
        What the id is made of where the user gave none.
    fields : dict
        Of `BundleSpec`: ``architecture``, ``input``, ``output`` and others that the source states.
    notes : list of str
        For the card: what was found and assumed.

    Raises
    ------
    BadInput
        If the folder exists, or a model has that id.
    """
    name = identifier(request, stem)
    # In another folder an id is taken only where a bundle lies there.
    if target_folder.absolute() == store.user_folder().absolute():
        refuse_taken(name, "name the new one with --id")
    origin = f"{tool}, {file.name}, sha256 {sha256_of(file)}" if file.is_file() else tool
    spec = {
        "id": name,
        "version": "1.0.0",
        "title": request.title or f"{stem} ({tool.split(maxsplit=1)[0]})",
        "task": "segmentation",
        "licence": UNKNOWN_LICENCE,
        **fields,
        "origin": origin,
    }
    return save_bundle(target_folder / name, spec, network, _card(spec, notes))


def _card(spec: dict[str, Any], notes: list[str]) -> str:
    channels = ", ".join(channel["name"] for channel in spec["input"]["channels"])
    regions = ", ".join(region["name"] for region in spec["output"]["regions"])
    trained = spec.get("status", "trained") == "trained"
    state = (
        "Imported, not evaluated by napari-acs: it computes what its source computes, and how well "
        "that is was not measured here."
        if trained
        else "**Untrained**: the encoder has weights, the decoder and its head are fresh. It may "
        "not predict until it is trained (`napari-acs train`)."
    )
    metrics = spec.get("metrics", {})
    stated = "\n".join(f"- {key}: {value}" for key, value in metrics.items())
    parts = [
        f"# {spec['title']}",
        f"`{spec['id']}`. **Research only. Not a medical device; not for clinical use.**",
        state,
        f"- From: {spec['origin']}\n- Sequences, in order: {channels}\n- Regions: {regions}",
        "## What was found and assumed\n\n" + "\n".join(f"- {note}" for note in notes),
        "## How well it does\n\n"
        + (
            f"As its source states, unchecked:\n\n{stated}"
            if stated
            else "Its source says nothing."
        ),
        "## Licence\n\n" + spec["licence"],
    ]
    return "\n\n".join(parts) + "\n"
