"""``napari-acs info``: versions, devices and models, for a report or a script."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

import json as jsonlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer

import napari_acs
from napari_acs.cli import options
from napari_acs.cli.outcome import exits

_PACKAGES = ("torch", "torchvision", "SimpleITK", "numpy", "napari", "PyQt6", "PySide6")


@exits
def info(json: options.JsonSwitch = False, debug: options.Debug = False) -> None:
    """Show versions, the devices that can compute, and the models."""
    found = _collect()
    if json:
        typer.echo(jsonlib.dumps(found, indent=2, ensure_ascii=False))
        return
    typer.echo(f"napari-acs {found['napari_acs']}, Python {found['python']}, {found['platform']}")
    for name, number in found["packages"].items():
        typer.echo(f"  {name} {number or 'not installed'}")
    titles = ", ".join(device["title"] for device in found["devices"])
    typer.echo("devices: " + (titles or f"none, PyTorch does not load: {found['torch_fault']}"))
    typer.echo("models:")
    for model in found["models"]:
        typer.echo(f"  {model['id']} {model['version']} ({model['source']})")
    if not found["models"]:
        typer.echo("  none")


def _collect() -> dict[str, Any]:
    from napari_acs.cli.models import described
    from napari_acs.models import list_bundles

    devices, fault = _devices()
    return {
        "napari_acs": napari_acs.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "devices": devices,
        "torch_fault": fault,
        "models": [described(entry) for entry in list_bundles()],
    }


def _devices() -> tuple[list[dict[str, str]], str | None]:
    """Return the devices, or why there are none: a PyTorch that is absent or does not load."""
    try:
        from napari_acs.inference.device import available_devices, device_title

        names = available_devices()
        return [{"name": name, "title": device_title(name)} for name in names], None
    except (ImportError, OSError) as error:  # OSError: a library of PyTorch's that is not there
        return [], f"{type(error).__name__}: {error}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
