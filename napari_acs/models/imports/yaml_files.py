"""Read YAML and JSON that a user brings: plain values only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.models.description import read_bounded

MOST_BYTES = 2**20


def read_plain_file(file: Path, shown: str = "") -> dict[str, Any]:
    """Read a JSON or YAML file of at most 1 MiB.

    Parameters
    ----------
    file : Path
    shown : str
        What a refusal calls it; its path, where left out.

    Raises
    ------
    BadInput
        If it is not there, too large, or not plain; see `read_plain`.
    """
    name = shown or str(file)
    if not file.is_file():
        raise BadInput(f"{name} is not there", do="Check the path")
    try:
        return read_plain(read_bounded(file, MOST_BYTES).decode("utf-8"), name)
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is no text in UTF-8", do="Save it as UTF-8") from error


def read_plain(text: str, name: str) -> dict[str, Any]:
    """Parse JSON or YAML (the safe kind, which makes no objects).

    Raises
    ------
    BadInput
        If it is neither, is no mapping, or is YAML and PyYAML is not installed.
    """
    if len(text) > MOST_BYTES:
        raise BadInput(f"{name} is too large", expected=f"at most {MOST_BYTES / 2**20:g} MiB")
    try:
        return _mapping(json.loads(text), name)
    except BadInput:
        raise
    except (ValueError, RecursionError) as no_json:
        if name.endswith(".json"):
            raise BadInput(f"{name} is not valid JSON", found=str(no_json)) from no_json
    try:
        import yaml  # noqa: PLC0415
    except ImportError as error:
        raise BadInput(
            f"{name} is YAML, and PyYAML is not installed",
            do="Install it with: pip install 'napari-acs[gandlf]'",
        ) from error
    if "&" in text and "*" in text:
        # Aliases of aliases grow beyond all memory; no configuration needs them.
        tokens = yaml.scan(text, Loader=yaml.SafeLoader)
        try:
            aliased = any(isinstance(token, yaml.AliasToken) for token in tokens)
        except yaml.YAMLError as error:
            raise BadInput(f"{name} is not valid YAML", found=str(error)) from error
        if aliased:
            raise BadInput(f"{name} is refused", found="YAML aliases", do="Write them out")
    try:
        return _mapping(yaml.safe_load(text), name)
    except BadInput:
        raise
    # PyYAML's own readers of numbers and dates raise whatever Python does.
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, TypeError) as error:
        raise BadInput(f"{name} is not valid YAML", found=str(error)) from error


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{name} is no configuration", found=type(value).__name__)
    return value
