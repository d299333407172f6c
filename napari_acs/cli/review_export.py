"""``napari-acs review export``: reads as CSV and JSON, masks as a training set."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import end_with, exits
from napari_acs.cli.output import STDOUT, check_report, check_target, write_report, write_text
from napari_acs.cli.review_logs import warn_of_changes
from napari_acs.cli.review_options import Names, Sessions
from napari_acs.cli.study import NOTHING_WRITTEN
from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari_acs.review.report.naming import Names as Called
    from napari_acs.review.session.training_set import TrainingSet


@exits
def export(
    sessions: Sessions,
    *,
    table: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write the reads there.", show_default=False),
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write accepted and corrected masks with their images into a new folder; "
            "`napari-acs train --data DIR/cases.csv` takes it. For one session.",
            show_default=False,
        ),
    ] = None,
    names: Names = False,
    json: options.JsonReport = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Export reads, decisions, times and answers; nobody is named, and no path."""
    _check(sessions, table, training, json, force=force)
    from napari_acs.review.report.naming import names_of
    from napari_acs.review.session.export import report_of, table_of
    from napari_acs.review.session.merge import merge

    merged = merge(sessions)
    called = names_of(merged, keep=names)
    made = _train(sessions[0], training, called, debug=debug) if training is not None else None
    report = report_of(merged, called)
    if made is not None:
        told = {"cases": list(made.cases), "left_out": dict(made.reasons), "note": made.note}
        report["training"] = told
    if table is not None:
        write_text(table, table_of(merged, called))
    write_report(json, report)
    warn_of_changes(merged, called)
    if json == STDOUT:
        return
    reads = len(merged.reads)
    typer.echo(f"{reads} reads of {len(merged.states)} rater(s), session {merged.session}")
    for rater, head in merged.heads.items():
        known = called.raters[rater]
        who = rater if known == rater else f"{rater}, here {known}"
        typer.echo(f"{who}: log head {head}. Keep it: review verify --head shows later cuts.")
    if made is not None:
        typer.echo(f"{made.table}: {len(made.cases)} cases")
        for case, why in made.left_out.items():
            typer.echo(f"{case} is left out: {why}", err=True)
        if made.note:
            typer.echo(made.note, err=True)


def _check(
    sessions: list[Path],
    table: Path | None,
    training: Path | None,
    json: str | None,
    *,
    force: bool,
) -> None:
    if table is None and training is None and json is None:
        raise BadInput("Nothing says what to export", expected="--csv, --json or --training")
    check_report(json, force=force)
    if table is not None:
        if table.suffix.lower() != ".csv":  # with --force, a slip of the hand would cost an image
            raise BadInput(f"--csv names {table.name}", expected="a file such as reads.csv")
        check_target(table, force=force, inputs=sessions)
    if json not in (None, STDOUT):
        check_target(Path(json), force=force, inputs=sessions)
    if training is not None and len(sessions) > 1:
        raise BadInput(
            "--training is of one session",
            found=f"{len(sessions)} sessions",
            do="Choose whose masks to train on",
        )
    if training is not None and training.exists():
        raise BadInput(f"{training} is there already", do="Choose another folder")


def _train(session: Path, folder: Path, called: Called, *, debug: bool) -> TrainingSet:
    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.review.session.training_set import write_training_set

    try:
        with interruptible() as cancelled:
            return write_training_set(session, folder, names=called, cancelled=cancelled)
    except Cancelled:
        end_with(NOTHING_WRITTEN, debug=debug)
