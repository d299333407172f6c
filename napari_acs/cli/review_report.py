"""``napari-acs review report``: a session as one HTML file, as JSON and as CSV."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import end_with, exits
from napari_acs.cli.output import STDOUT, check_report, check_target, write_report, write_text
from napari_acs.cli.review_options import Names, Sessions
from napari_acs.cli.study import NOTHING_WRITTEN
from napari_acs.errors import BadInput


@exits
def report(
    sessions: Sessions,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.html", help="Write the page there."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write a line a case and region there.",
            show_default=False,
        ),
    ] = None,
    case: Annotated[
        int | None,
        typer.Option(
            "--case",
            metavar="N",
            min=1,
            help="That item of the worklist alone (see `review list`); of several raters the first "
            "file's, and what the others made of that case.",
            show_default=False,
        ),
    ] = None,
    names: Names = False,
    json: options.JsonReport = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Write what a session came to: pictures, measures, edit costs, agreement, verification.

    The page is one file that opens offline. Also while a window has the session open.
    """
    _check(sessions, out, table, json, force=force)
    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.review.report.gather import gather
    from napari_acs.review.report.page import page_of
    from napari_acs.review.report.record import record_of
    from napari_acs.review.report.table import table_of

    try:
        with interruptible() as cancelled:
            found = gather(sessions, item=case, keep_names=names, cancelled=cancelled)
    except Cancelled:
        end_with(NOTHING_WRITTEN, debug=debug)
    if out is not None:
        write_text(out, page_of(found))
    if table is not None:
        write_text(table, table_of(found))
    write_report(json, record_of(found))
    for sentence in found.warnings:
        typer.echo(sentence, err=True)
    for log in found.logs:
        if not log.sound:
            typer.echo(f"{log.rater}: verification FAILED: {log.why}.", err=True)
    if json != STDOUT:
        where = ", ".join(str(path) for path in (out, table) if path is not None)
        typer.echo(f"{len(found.cases)} reads of {len(found.logs)} rater(s). {where}".rstrip())


def _check(
    sessions: list[Path],
    out: Path | None,
    table: Path | None,
    json: str | None,
    *,
    force: bool,
) -> None:
    if out is None and table is None and json is None:
        raise BadInput("Nothing says what to write", expected="--out, --csv or --json")
    check_report(json, force=force)
    targets = [] if json in (None, STDOUT) else [Path(json)]
    for path, suffixes in ((out, (".html", ".htm")), (table, (".csv",))):
        if path is None:
            continue
        if path.suffix.lower() not in suffixes:  # with --force, a slip would cost an image
            option = "--out" if path is out else "--csv"
            raise BadInput(
                f"{option} names {path.name}", expected=f"a file such as report{suffixes[0]}"
            )
        targets.append(path)
    for path in targets:
        check_target(path, force=force, inputs=sessions)
    if len({path.absolute() for path in targets}) < len(targets):
        raise BadInput("Two outputs have one name", do="Name a file for each")
