"""``napari-acs review``: what review sessions hold, and whether that is as it was written."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_acs.cli import options
from napari_acs.cli.outcome import REFUSED, exits
from napari_acs.cli.output import STDOUT, check_report, write_report
from napari_acs.cli.review_agreement import agreement
from napari_acs.cli.review_audit import accept, audit
from napari_acs.cli.review_export import export
from napari_acs.cli.review_new import new
from napari_acs.cli.review_options import Names, SessionFile
from napari_acs.cli.review_report import report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_acs.review.session.audit import AuditReport
    from napari_acs.review.session.worklist import Row

review = typer.Typer(
    help="Review sessions: make, list, accept, audit, verify, export, report, compare raters.",
    no_args_is_help=True,
)
review.command("new")(new)
review.command("export")(export)
review.command("report")(report)
review.command("agreement")(agreement)
review.command("accept")(accept)
review.command("audit")(audit)


@review.command("list")
@exits
def list_items(
    session: SessionFile,
    *,
    status: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATUS",
            help='Only items "to do", "in progress", accepted, corrected, rejected or "needs '
            'second read"; may be given again.',
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str, typer.Option(metavar="KEY", help="plan, status, name, uncertainty, volume or time.")
    ] = "plan",
    descending: Annotated[bool, typer.Option("--descending", help="The highest first.")] = False,
    names: Names = False,
    json: options.JsonReport = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """List a session's worklist; also while a window has it open.

    On the terminal as the session calls rater and cases; the JSON names nobody unless --names.
    """
    check_report(json, force=force, inputs=[session])
    from napari_acs.review.report.naming import names_in
    from napari_acs.review.session.activity import times
    from napari_acs.review.session.audit import audit_report
    from napari_acs.review.session.database import reading
    from napari_acs.review.session.fold import read_state
    from napari_acs.review.session.worklist import arranged, rows

    with reading(session) as connection:
        state = read_state(connection)
        spent = times(connection, state.idle_s)
    shown = arranged(rows(state, spent), statuses=status or (), by=sort, descending=descending)
    audited = audit_report(state) if state.audits else None
    called = names_in({state.rater: state}, keep=names)
    report = {
        "format": 1,
        "session": state.id,
        "log": state.log,
        "rater": called.raters[state.rater],
        "log_head": str(state.head),
        "position": state.position.item if state.position else None,
        "audit": asdict(audited) if audited else None,
        "items": [{**asdict(row), "case": called.cases[row.case]} for row in shown],
    }
    write_report(json, report)
    if json != STDOUT:
        _print(state.rater, shown, audited)


@review.command("verify")
@exits
def verify(
    sessions: Annotated[
        list[Path], typer.Argument(metavar="SESSION...", help="Review files.", show_default=False)
    ],
    *,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="SEQ:HASH",
            help="log_head of an export: shows also whether events after it were cut off. For one "
            "session.",
            show_default=False,
        ),
    ] = None,
    json: options.JsonReport = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Prove that a session is as it was written: every event, every mask; exits with 2 if not."""
    check_report(json, force=force, inputs=sessions)
    from napari_acs.errors import BadInput
    from napari_acs.review.session.verify import parse_head
    from napari_acs.review.session.verify import verify as look

    if head is not None and len(sessions) > 1:
        raise BadInput("--head is of one session", found=f"{len(sessions)} sessions")
    known = parse_head(head) if head is not None else None
    verdicts = {path.name: look(path, known) for path in sessions}
    records: list[dict[str, Any]] = [
        {"file": name, "sound": verdict.sound, **asdict(verdict), "head": str(verdict.head)}
        for name, verdict in verdicts.items()
    ]
    write_report(json, {"format": 1, "sessions": records})
    for name, verdict in verdicts.items():
        if not verdict.sound:
            typer.echo(f"{name}: {verdict.why}.", err=True)
        elif json != STDOUT:
            typer.echo(
                f"{name}: {verdict.events} events, {verdict.masks} masks, {verdict.snapshots} "
                f"snapshots are as they were written. Head {verdict.head}"
            )
            if head is None:
                typer.echo("Without --head nobody can tell whether events at the end were cut off.")
        for event in verdict.clock_went_back if json != STDOUT else ():
            typer.echo(f"{name}: at event {event} the machine's clock went back.", err=True)
    if not all(verdict.sound for verdict in verdicts.values()):
        raise typer.Exit(REFUSED)


def _print(rater: str, shown: Sequence[Row], audited: AuditReport | None) -> None:
    from rich.console import Console
    from rich.table import Table

    from napari_acs.review.session.audit import audit_sentence

    table = Table("item", "case", "read", "status", "uncertainty", "ml", "edits", "minutes")
    table.columns[1].no_wrap = True  # a pseudonym that is cut names nothing
    for row in shown:
        status = row.status + (" (in bulk)" if row.bulk else "") + (" (audit)" * row.audited)
        numbers = (
            "" if row.uncertainty is None else f"{row.uncertainty:.3f}",
            "" if row.volume_ml is None else f"{row.volume_ml:.1f}",
            str(row.edits),
            f"{row.seconds / 60:.1f}",
        )
        table.add_row(str(row.item), row.case, str(row.read), status, *numbers)
    console = Console()
    console.print(table)
    console.print(f"{len(shown)} items of {rater}.", highlight=False)
    if audited is not None:
        console.print(audit_sentence(audited), highlight=False)
