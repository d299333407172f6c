"""What ``napari-acs train`` ends in: on the screen, and as JSON."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from napari_acs.cli.output import STDOUT, write_report

if TYPE_CHECKING:
    from napari_acs.training.order import Order

_GROUPS = ("mean_cases", "mean_phantoms", "mean_hard_phantoms")


def say_what_came(order: Order, json: str | None) -> None:
    """Print the figures of a bundle that was written, and write its report where one is wanted.

    Parameters
    ----------
    order : Order
        Its bundle is there.
    json : str, optional
        A file, or ``-``, which keeps standard output for the report alone.

    Raises
    ------
    BadInput
        The report could not be written; the bundle is there all the same.
    """
    from napari_acs.models.bundle import load_any_bundle

    bundle = load_any_bundle(order.out)
    spec = bundle.spec
    report: dict[str, Any] = {
        "format": 1,
        "model": {"id": spec.id, "version": spec.version, "sha256": bundle.sha256},
        "task": spec.task,
        "bundle": str(order.out),
        "run": str(order.run),
        "training": spec.training,
        "metrics": spec.metrics,
    }
    write_report(json, report)
    if json == STDOUT:
        return
    for group in _GROUPS:
        if group in spec.metrics:
            means = spec.metrics[group].items()
            dice = ", ".join(f"{region} {scores['dice']:.3f}" for region, scores in means)
            typer.echo(f"{group.removeprefix('mean_')}: mean Dice {dice}")
    typer.echo(f"{order.out}: {spec.weights.size_bytes / 1e6:.1f} MB, {bundle.sha256[:12]}")


def report_prepared(cache: Path, json: str | None) -> None:
    """Write which cases a cache holds now, where a report is wanted; see `say_what_came`."""
    cases = sorted(file.stem for file in cache.glob("*.npz"))
    write_report(json, {"format": 1, "cache": str(cache), "cases": cases})
