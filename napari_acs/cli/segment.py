"""``napari-acs segment``: a study to a mask file and a report."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import exits
from napari_acs.cli.output import STDOUT, check_report, check_target, write_report
from napari_acs.cli.segment_task import Task, carry_out, unzipped
from napari_acs.cli.wanted import what_to_read


class Labels(StrEnum):
    """How the classes are numbered in the mask."""

    brats = "brats"
    consecutive = "consecutive"


@exits
def segment(
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="MASK",
            help="Mask to write: .nii.gz, .nrrd, .seg.nrrd, .mha; of a DICOM study also .dcm (SEG) "
            "and .rtstruct.dcm.",
        ),
    ],
    study: options.StudyDir = None,
    model: options.Model = "",
    t1: options.T1 = None,
    t1ce: options.T1ce = None,
    t2: options.T2 = None,
    flair: options.Flair = None,
    reference: options.Reference = None,
    brain: options.Brain = "auto",
    n4: options.BiasCorrection = False,
    device: options.Device = "auto",
    precision: options.Precision = "float32",
    flips: options.Flips = False,
    with_model: options.WithModels = None,
    json: options.JsonReport = None,
    labels: Annotated[
        Labels, typer.Option(help="brats: NCR 1, ED 2, ET 4. consecutive: 1, 2, 3.")
    ] = Labels.brats,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Segment a study and write the mask on its own grid.

    Sequences on different grids are registered to one of them, a skull that is there is removed,
    and the study is checked: what `check` calls red is refused.
    """
    files = {"t1": t1, "t1ce": t1ce, "t2": t2, "flair": flair}
    wanted = what_to_read(study, files, "segment")
    check_target(out, force=force, inputs=wanted.values() if isinstance(wanted, dict) else ())
    check_report(json, force=force)
    others = tuple(with_model or ())
    task = Task(wanted, model, reference, brain, n4, device, precision, flips, others)
    with interruptible() as cancelled, unzipped(task, cancelled) as here:
        done = carry_out(here, out, labels is Labels.brats, force, debug, cancelled)
    for note in done.notes:
        typer.echo(note, err=True)
    write_report(json, {**done.report, "labels": {"scheme": labels.value, **done.report["labels"]}})
    if json != STDOUT:
        volumes = ", ".join(f"{name} {ml:.1f} ml" for name, ml in done.volumes_ml.items())
        typer.echo(f"{out}: {volumes}")
        typer.echo(f"{done.proof}.")
