"""``napari-acs classify``: what a classifier says of a study."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import end_with, exits
from napari_acs.cli.output import STDOUT, check_report, write_report
from napari_acs.cli.progress import progress_shown
from napari_acs.cli.study import NOTHING_WRITTEN, amber, read_aligned, refuse_red, unpacked_study
from napari_acs.cli.wanted import what_to_read
from napari_acs.errors import BadInput
from napari_acs.inference.classification import Classified
from napari_acs.inference.messages import Failure, Progress

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume
    from napari_acs.imaging.check import CheckLine
    from napari_acs.models import ClassifierBundle


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
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Classify a study: the probability of every class, and the one that is named.

    Sequences on different grids are registered to one of them, and the study is checked: what
    `check` calls red is refused. No class is named below the probability that the model asks for.
    """
    files = {"t1": t1, "t1ce": t1ce, "t2": t2, "flair": flair}
    wanted = what_to_read(study, files, "classify")
    check_report(json, force=force)
    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.inference import pick_device
    from napari_acs.models import load_classifier

    pick_device(device)
    bundle = load_classifier(model)
    with interruptible() as cancelled, unpacked_study(wanted, cancelled) as here:
        try:
            read = read_aligned(here, reference, cancelled)
            labels = None if mask is None else _mask(mask, read)
            lines = _checked(read, bundle, cancelled)
        except Cancelled:
            end_with(NOTHING_WRITTEN, debug=debug)
        end = _classify(read, bundle, labels, device, cancelled)
    if isinstance(end, Failure):
        end_with(end, debug=debug)
    found = end.classification
    notes = (*amber(lines), *end.notes)
    for note in notes:
        typer.echo(note, err=True)
    write_report(json, _report(read.name, end, notes, lines))
    if json != STDOUT:
        typer.echo(f"{read.name}: {found.sentence()}")
        typer.echo(f"{bundle.spec.title}. {bundle.spec.intended_use}")


def _mask(path: Path, study: Study) -> Volume:
    """Read the mask, and put it on the study's grid by its position, unless it lies elsewhere."""
    from napari_acs.imaging import read_segments

    if not path.exists():
        raise BadInput(f"--mask {path}", found="no such file", do="Check the path")
    return read_segments(path, study.grid).volume


def _checked(
    study: Study, bundle: ClassifierBundle, cancelled: Callable[[], bool]
) -> tuple[CheckLine, ...]:
    """Check the study for this model; one that looks at a single volume needs no sequence."""
    from napari_acs.imaging.check import check_study
    from napari_acs.inference.needs import needs_of
    from napari_acs.models.spec import VOLUME

    if any(channel.name == VOLUME for channel in bundle.spec.input.channels):
        return ()
    needs = needs_of(bundle.spec)
    lines = check_study(study.name, study.sequences, needs, brain="auto", cancelled=cancelled)
    refuse_red(study.name, lines, "classified")
    return lines


def _classify(
    study: Study,
    bundle: ClassifierBundle,
    mask: Volume | None,
    device: str,
    cancelled: Callable[[], bool],
) -> Classified | Failure:
    from napari_acs.inference import run_classifier

    with progress_shown(study.name) as show:
        for message in run_classifier(study, bundle, mask, device=device, cancelled=cancelled):
            if not isinstance(message, Progress):
                return message
            show(message)
    raise AssertionError("a job ended without a result or a failure")


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
        "model": found.provenance["model"],
        "device": found.provenance["device"],
        "seconds": found.provenance["seconds"],
        "check": [line.record() for line in lines],
        "notes": list(notes),
        "provenance": dict(found.provenance),
    }
