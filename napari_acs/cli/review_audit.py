"""``napari-acs review accept`` and ``audit``: cases accepted unseen, and how often it was wrong."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

import math
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_acs.cli import options
from napari_acs.cli.outcome import exits
from napari_acs.cli.output import STDOUT, check_report, check_target, write_report
from napari_acs.cli.review_options import Names, SessionFile
from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari_acs.review.report.naming import Names as Called
    from napari_acs.review.session.state import SessionState


class Method(StrEnum):
    """How the interval of an error rate is found."""

    exact = "exact"
    wilson = "wilson"


@exits
def accept(
    session: SessionFile,
    *,
    confident: Annotated[
        float,
        typer.Option(
            metavar="AT_MOST",
            help="Accept items that were not begun and whose mask is at most so uncertain (see "
            "`review list --sort uncertainty`).",
            show_default=False,
        ),
    ],
    yes: Annotated[
        bool, typer.Option("--yes", help="Accept them; left out, they are only listed.")
    ] = False,
    names: Names = False,
    json: options.JsonReport = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Accept the masks of confident cases without a look at them, recorded as such."""
    _check_report(json, session, force=force)
    if not (math.isfinite(confident) and confident >= 0):
        raise BadInput(
            "--confident is no uncertainty", found=f"{confident:g}", expected="0 or a number above"
        )
    from napari_acs.review.session.audit import accept_in_bulk, check_bulk
    from napari_acs.review.session.session import open_session, read_session

    rule = f"uncertainty at most {confident:g}"
    state = read_session(session)
    items = _chosen(state, confident)
    check_bulk(state, list(items))
    if yes:
        with open_session(session) as opened:
            items = _chosen(opened.state, confident)  # from here on nobody else changes it
            accept_in_bulk(opened, list(items), rule)
            state = opened.state
    called = _called(session, keep=names)
    report = {
        "format": 1,
        "session": state.id,
        "log": state.log,
        "rater": called.raters[state.rater],
        "log_head": str(state.head),
        "rule": rule,
        "accepted": yes,
        "items": [
            {
                "item": number,
                "case": called.cases[state.items[number].case],
                "uncertainty": unsure,
            }
            for number, unsure in items.items()
        ],
    }
    write_report(json, report)
    if json == STDOUT:
        return
    for number, unsure in items.items():
        typer.echo(f"item {number}, {state.items[number].case}: uncertainty {unsure:.3f}")
    if yes:
        typer.echo(f"{len(items)} item(s) are accepted without a look ({rule}).")
        typer.echo(f"How often that is wrong: napari-acs review audit {session} --sample N")
    else:
        typer.echo(f"{len(items)} item(s) can be accepted without a look ({rule}).")
        typer.echo("Nothing was written; --yes accepts them.")


@exits
def audit(
    session: SessionFile,
    *,
    sample: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Draw so many of the items accepted without a look, to be read again.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw.")] = 0,
    method: Annotated[
        Method, typer.Option(help="Of the interval: Clopper and Pearson's, or Wilson's.")
    ] = Method.exact,
    names: Names = False,
    json: options.JsonReport = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Draw a sample of what was accepted without a look, or say how often that was wrong."""
    _check_report(json, session, force=force)
    from napari_acs.review.session.audit import audit_report, audit_sentence, draw_audit
    from napari_acs.review.session.session import open_session, read_session

    drawn: list[int] = []
    if sample is not None:
        with open_session(session) as opened:
            drawn = draw_audit(opened, sample, seed)
            state = opened.state
    else:
        state = read_session(session)
    if not state.audits:
        raise BadInput(
            "There is no audit to report",
            found="no sample that was drawn",
            do="Draw one with --sample, of items that `review accept` has accepted",
        )
    found = audit_report(state, method=method.value)
    called = _called(session, keep=names)
    report = {
        "format": 1,
        "session": state.id,
        "log": state.log,
        "rater": called.raters[state.rater],
        "log_head": str(state.head),
        "drawn": [
            {"item": number, "case": called.cases[state.items[number].case]} for number in drawn
        ],
        "seed": seed if drawn else None,
        "audit": asdict(found),
    }
    write_report(json, report)
    if json == STDOUT:
        return
    for number in drawn:
        typer.echo(f"item {number}, {state.items[number].case}: to be read again")
    typer.echo(audit_sentence(found))


def _check_report(json: str | None, session: Path, *, force: bool) -> None:
    check_report(json, force=force)
    if json not in (None, STDOUT):
        check_target(Path(json), force=force, inputs=[session])


def _called(session: Path, *, keep: bool) -> Called:
    """Return what the report calls rater and cases; the terminal is the reader's own."""
    from napari_acs.review.report.naming import names_of
    from napari_acs.review.session.merge import merge

    return names_of(merge([session]), keep=keep)


def _chosen(state: SessionState, most: float) -> dict[int, float]:
    """Return the items to accept, and how uncertain each is.

    Raises
    ------
    BadInput
        There is none; says why.
    """
    from napari_acs.review.session.audit import confident_items
    from napari_acs.review.session.certainty import uncertainty_of
    from napari_acs.review.session.state import TO_DO

    to_do = [item.number for item in state.items.values() if item.status == TO_DO]
    known = {
        number: unsure for number in to_do if (unsure := uncertainty_of(state, number)) is not None
    }
    items = confident_items(state, most)
    if items:
        return {number: known[number] for number in items}
    bare = len(to_do) - len(known)
    found = f"{len(to_do)} not begun, {bare} of them without an uncertainty"
    do = "Read them one by one"
    blind = sum(not state.items[number].sees_others for number in to_do)
    if not to_do:
        found, do = "no item that was not begun", "Decide those that are left"
    elif known and min(known.values()) > most:
        found += f", the lowest {min(known.values()):.3f}"
        do = f"Raise --confident, or {do[0].lower()}{do[1:]}"
    elif known:
        found += "; of the others no mask, or another file than the session was made of"
    elif blind == len(to_do):
        found = f"{len(to_do)} not begun, all read without the masks of others"
    else:
        do += "; a prediction made in the session brings one, or a CSV's column uncertainty"
    raise BadInput(
        f"No item can be accepted unseen at an uncertainty of at most {most:g}", found=found, do=do
    )
