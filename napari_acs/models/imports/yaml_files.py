"""Read YAML and JSON that a user brings: plain values only."""

from __future__ import annotations

import json
from typing import Any

from napari_acs.errors import BadInput


def read_plain(text: str, name: str) -> dict[str, Any]:
    """Parse JSON or YAML (the safe kind, which makes no objects).

    Raises
    ------
    BadInput
        If it is neither, is no mapping, or is YAML and PyYAML is not installed.
    """
    try:
        return _mapping(json.loads(text), name)
    except (json.JSONDecodeError, RecursionError) as no_json:
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
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadInput(f"{name} is not valid YAML", found=str(error)) from error


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{name} is no configuration", found=type(value).__name__)
    return value
