"""``napari-acs review agreement``: how far raters agree, and one mask out of several."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import end_with, exits
from napari_acs.cli.output import STDOUT, check_report, check_target, write_report
from napari_acs.cli.review_logs import warn_of_changes
from napari_acs.cli.review_options import Names, Sessions
from napari_acs.cli.study import NOTHING_WRITTEN
from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari_acs.review.report.consensus import Written
    from napari_acs.review.report.content import Agreement


class Method(StrEnum):
    """How a consensus is found."""

    staple = "staple"
    majority = "majority"


@exits
def agreement(
    sessions: Sessions,
    *,
    consensus: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the raters' consensus of each case into a new folder, as NIfTI on the "
            "grid that they drew on.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[Method, typer.Option(help="Of the consensus.")] = Method.staple,
    names: Names = False,
    json: options.JsonReport = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Compare the masks, decisions and volumes of raters, of their repeats and of the AI."""
    check_report(json, force=force)
    if json not in (None, STDOUT):
        check_target(Path(json), force=force, inputs=sessions)
    if consensus is not None and consensus.exists():
        raise BadInput(f"{consensus} is there already", do="Choose another folder")
    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.review.report.consensus import write_consensus
    from napari_acs.review.report.naming import names_of
    from napari_acs.review.report.raters import agree
    from napari_acs.review.report.record import FORMAT, agreement_record
    from napari_acs.review.session.merge import merge, read_labels_of

    merged = merge(sessions)
    called = names_of(merged, keep=names)
    found = agree(merged, called, read_labels_of)
    if found is None:
        raise BadInput(
            "There is nothing to compare",
            found="no case with two decided reads, or with a read and a prediction",
            do="Name the files of several raters, or decide more items",
        )
    written = None
    if consensus is not None:
        try:
            with interruptible() as cancelled:
                written = write_consensus(
                    merged, called, consensus, method=method.value, cancelled=cancelled
                )
        except Cancelled:
            end_with(NOTHING_WRITTEN, debug=debug)
    report = {
        "format": FORMAT,
        "session": merged.session,
        "logs_changed": warn_of_changes(merged, called),
        "logs": {called.raters[rater]: state.log for rater, state in merged.states.items()},
        "log_heads": {called.raters[rater]: str(head) for rater, head in merged.heads.items()},
        **agreement_record(found),
        "consensus": None if written is None else vars(written),
    }
    write_report(json, report)
    if json != STDOUT:
        _print(found, written)


def _print(found: Agreement, written: Written | None) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if found.summaries:
        shown = Table("pairs", "region", "cases", "mean Dice", "median HD95, mm")
        for each in found.summaries:
            row = (each.relation, each.region, str(each.cases))
            shown.add_row(*row, each.dice.said(3), each.hd95_mm.said(1))
        console.print(shown)
    kappas = [("Decisions between raters", found.decisions)] if found.decisions else []
    kappas += [(f"Decisions of {rater}, read twice", each) for rater, each in found.repeats.items()]
    for name, kappa in kappas:
        value = f"kappa {kappa.kappa.said(2)}" if kappa.kappa else "kappa is not defined"
        console.print(
            f"{name}: {value}, {kappa.observed:.0%} agree, {kappa.cases} cases.", highlight=False
        )
    for volumes in found.volumes:
        limits = volumes.limits
        console.print(
            f"{volumes.region}, {volumes.second} less {volumes.first}: bias "
            f"{limits.bias.value:+z.2f} ml, limits of agreement {limits.lower.value:+z.2f} to "
            f"{limits.upper.value:+z.2f} ml.",
            highlight=False,
        )
    for region, correlation in found.intraclass.items():
        console.print(f"{region}: ICC(2,1) {correlation.icc.said(3)}.", highlight=False)
    for note in found.notes:
        typer.echo(note)
    if written is None:
        return
    for case, file in written.files.items():
        typer.echo(f"{case}: {file}, {written.records[case]['how']}")
    for case, why in written.left_out.items():
        typer.echo(f"{case} has no consensus: {why}", err=True)
