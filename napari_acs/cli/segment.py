"""``napari-acs segment``: a study to a mask file and a report."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from enum import StrEnum
from hashlib import file_digest
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import end_with, exits
from napari_acs.cli.output import STDOUT, check_report, check_target, write_report
from napari_acs.cli.progress import progress_shown
from napari_acs.cli.wanted import what_to_read
from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure, Progress, Result, Segmentation

if TYPE_CHECKING:
    from napari_acs.imaging import Study

_CANCELLED = Failure("Cancelled", "", "Nothing was written", "cancelled")


class Labels(StrEnum):
    """How the classes are numbered in the mask."""

    brats = "brats"
    consecutive = "consecutive"


@exits
def segment(
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="MASK", help="Mask to write: .nii.gz, .nrrd, .mha.")
    ],
    study: options.StudyDir = None,
    model: options.Model = "",
    t1: options.T1 = None,
    t1ce: options.T1ce = None,
    t2: options.T2 = None,
    flair: options.Flair = None,
    device: options.Device = "auto",
    precision: options.Precision = "float32",
    json: options.JsonReport = None,
    labels: Annotated[
        Labels, typer.Option(help="brats: NCR 1, ED 2, ET 4. consecutive: 1, 2, 3.")
    ] = Labels.brats,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Segment a study (a folder, or up to four files) and write the mask on its own grid."""
    files = {"t1": t1, "t1ce": t1ce, "t2": t2, "flair": flair}
    wanted = what_to_read(study, files, "segment")
    check_target(out, force=force, inputs=wanted.values() if isinstance(wanted, dict) else ())
    check_report(json, force=force)
    _segment(
        wanted=wanted,
        model=model,
        device=device,
        precision=precision,
        out=out,
        json=json,
        labels=labels,
        force=force,
        debug=debug,
    )


def _segment(
    *,
    wanted: Path | dict[str, Path],
    model: str,
    device: str,
    precision: str,
    out: Path,
    json: str | None,
    labels: Labels,
    force: bool,
    debug: bool,
) -> None:
    from napari_acs.imaging import read_study, write_labels
    from napari_acs.imaging.write import WRITABLE
    from napari_acs.inference import pick_device, run
    from napari_acs.inference.precision import pick_precision
    from napari_acs.inference.regions import brats_values, relabel
    from napari_acs.models import default_bundle_id, load_bundle

    if not out.name.lower().endswith(WRITABLE):
        raise BadInput(
            f"{out.name} is no format for masks",
            expected=f"a name that ends in {', '.join(WRITABLE)}",
            do="Choose one of these formats",
        )
    start = perf_counter()
    with interruptible() as cancelled:
        pick_precision(precision, pick_device(device))
        study = read_study(wanted)
        sources = [v.source for v in study.sequences.values() if v.source]
        check_target(out, force=force, inputs=sources)
        bundle = load_bundle(model or default_bundle_id())
        values = {kind.value: kind.value for kind in bundle.spec.output.labels}
        if labels is Labels.brats:
            values = brats_values(bundle.spec.output.labels)
        load_seconds = perf_counter() - start
        end: Result | Failure | None = None
        with progress_shown(study.name) as show:
            job = run(study, bundle, device=device, precision=precision, cancelled=cancelled)
            for message in job:
                if isinstance(message, Progress):
                    show(message)
                else:
                    end = message
        if isinstance(end, Failure) or end is None or cancelled():
            end_with(end if isinstance(end, Failure) else _CANCELLED, debug=debug)
        made = end.segmentation
        start = perf_counter()
        written = relabel(made.labels, values)
        # The first sequence's own header gives the geometry, bit for bit.
        write_labels(out, written, made.grid, overwrite=force, source=sources[0])
    seconds = {"load": load_seconds, **made.seconds, "write": perf_counter() - start}
    for note in end.notes:
        typer.echo(note, err=True)
    report = _report(
        study=study,
        made=made,
        values=values,
        labels=labels,
        out=out,
        seconds=seconds,
        notes=end.notes,
    )
    write_report(json, report)
    if json != STDOUT:
        volumes = ", ".join(f"{name} {ml:.1f} ml" for name, ml in made.volumes_ml.items())
        typer.echo(f"{out}: {volumes}")


def _report(
    *,
    study: Study,
    made: Segmentation,
    values: dict[int, int],
    labels: Labels,
    out: Path,
    seconds: dict[str, float],
    notes: tuple[str, ...],
) -> dict[str, Any]:
    with out.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return {
        "format": 1,
        "study": study.name,
        "mask": {"file": str(out), "sha256": digest},
        "labels": {
            "scheme": labels.value,
            "values": {str(values[k.value]): f"{k.name}, {k.title}" for k in made.classes},
        },
        "volumes_ml": {name: round(ml, 3) for name, ml in made.volumes_ml.items()},
        "model": made.provenance["model"],
        "device": made.provenance["device"],
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
        "notes": list(notes),
        "provenance": dict(made.provenance),
    }
