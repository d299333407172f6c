"""``napari-acs classify``: what a classifier says of a study."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.classify_folder import check_table, classify_folder
from napari_acs.cli.classify_one import classify_study
from napari_acs.cli.outcome import end_with, exits
from napari_acs.cli.output import STDOUT, check_report, write_report
from napari_acs.cli.study import NOTHING_WRITTEN, amber
from napari_acs.cli.wanted import what_to_read
from napari_acs.inference.classification import Classified
from napari_acs.inference.messages import Failure

if TYPE_CHECKING:
    from napari_acs.imaging.check import CheckLine


@exits
def classify(
    *,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="ID",
            help="A classifier's id (see `napari-acs models list`) or its bundle's folder.",
        ),
    ],
    study: options.StudyDir = None,
    mask: Annotated[
        Path | None,
        typer.Option(
            "--mask",
            metavar="FILE",
            help="Mask of the tumour, where the model needs one: any label counts.",
            show_default=False,
        ),
    ] = None,
    t1: options.T1 = None,
    t1ce: options.T1ce = None,
    t2: options.T2 = None,
    flair: options.Flair = None,
    reference: options.Reference = None,
    device: options.Device = "auto",
    json: options.JsonReport = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="STUDY is a folder of studies: classify each, and write a line for each. Masks "
            "are the files in them named ..._seg, ..._mask or ..._label.",
            show_default=False,
        ),
    ] = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Classify a study: the probability of every class, and the one that is named.

    Sequences on different grids are registered to one of them, and the study is checked: what
    `check` calls red is refused. No class is named below the probability that the model asks for.

    With --csv many studies are classified at once. One that cannot be is a line with the reason,
    the others go on, and the exit code is 2.
    """
    files = {"t1": t1, "t1ce": t1ce, "t2": t2, "flair": flair}
    check_report(json, force=force)
    if csv is not None:
        check_table(csv, study, given=[*files.values(), mask, reference, json], force=force)
    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.inference import pick_device
    from napari_acs.models import load_classifier

    if csv is not None and study is not None:
        pick_device(device)
        with interruptible() as cancelled:
            classify_folder(study, load_classifier(model), csv, device, cancelled, debug=debug)
        return
    wanted = what_to_read(study, files, "classify")
    pick_device(device)
    bundle = load_classifier(model)
    with interruptible() as cancelled:
        try:
            name, lines, end = classify_study(
                wanted, mask, bundle, reference=reference, device=device, cancelled=cancelled
            )
        except Cancelled:
            end_with(NOTHING_WRITTEN, debug=debug)
    if isinstance(end, Failure):
        end_with(end, debug=debug)
    found = end.classification
    notes = (*amber(lines), *end.notes)
    for note in notes:
        typer.echo(note, err=True)
    write_report(json, _report(name, end, notes, lines))
    if json != STDOUT:
        typer.echo(f"{name}: {found.sentence()}")
        typer.echo(f"{bundle.spec.title}. {bundle.spec.intended_use}")


def _report(
    study: str, end: Classified, notes: tuple[str, ...], lines: tuple[CheckLine, ...]
) -> dict[str, Any]:
    found = end.classification
    return {
        "format": 1,
        "study": study,
        "named": list(found.named),
        "abstained": not found.named,
        "probabilities": {name: round(p, 4) for name, p in found.probabilities.items()},
        "classes": {one.name: one.title for one in found.classes},
        "abstain_below": found.abstain_below,
        "intervals": {
            name: [round(low, 4), round(high, 4)] for name, (low, high) in found.intervals.items()
        },
        "prediction_set": None if found.prediction_set is None else list(found.prediction_set),
        "coverage": found.coverage,
        "outlier": None if found.outlier is None else asdict(found.outlier),
        "doubts": list(found.doubts),
        "model": found.provenance["model"],
        "device": found.provenance["device"],
        "seconds": found.provenance["seconds"],
        "check": [line.record() for line in lines],
        "notes": list(notes),
        "provenance": dict(found.provenance),
    }
