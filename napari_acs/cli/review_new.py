"""``napari-acs review new``: a session from folders, a BIDS tree, a CSV or DICOM."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import end_with, exits
from napari_acs.cli.output import STDOUT, check_report, check_target, write_report
from napari_acs.cli.study import NOTHING_WRITTEN
from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_acs.review.session.state import Case


class Ai(StrEnum):
    """When masks that the reader has not drawn are shown."""

    shown = "shown"
    hidden = "hidden"
    after = "after"


@exits
def new(
    session: Annotated[
        Path, typer.Argument(metavar="NEW.review", help="The file to write.", show_default=False)
    ],
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="A folder of studies, one study, a BIDS tree, DICOM, or a CSV with the columns "
            "study, and where there are any mask, patient, date and uncertainty.",
            show_default=False,
        ),
    ],
    *,
    rater: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Who reads. Given again: a file for each, called NEW-NAME.review.",
            show_default="reader",
        ),
    ] = None,
    form: Annotated[
        Path | None,
        typer.Option(metavar="YAML", help="What is asked about every item.", show_default=False),
    ] = None,
    ai: Annotated[
        Ai,
        typer.Option(
            help="Masks of models and of others are shown, hidden, or shown after a first read."
        ),
    ] = Ai.shown,
    repeats: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Part of the cases that is read twice, mixed in unannounced."
        ),
    ] = 0.0,
    shuffle: Annotated[
        bool, typer.Option("--shuffle", help="Draw the order, another for each rater.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the order and the repeats.")] = 0,
    idle: Annotated[
        float, typer.Option(min=1.0, metavar="SECONDS", help="Time stops after so long.")
    ] = 60.0,
    keep_names: Annotated[
        bool,
        typer.Option(
            "--keep-names",
            help="Call cases as their folders are, not by pseudonyms. Not with --repeats.",
        ),
    ] = False,
    json: options.JsonReport = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Make a review session."""
    read = [*sources, *([form] if form is not None else [])]
    check_report(json, force=force, inputs=read)
    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.review.session.create import create_sessions, make_cases
    from napari_acs.review.session.form import read_form
    from napari_acs.review.session.half_made import refuse_half
    from napari_acs.review.session.place import SUFFIX, claimed
    from napari_acs.review.session.plan import make_plan
    from napari_acs.review.session.sources import find_sources
    from napari_acs.review.session.spelling import check_name

    if session.suffix.lower() != SUFFIX:  # with --force, a slip of the hand would cost an image
        raise BadInput(f"{session.name} is no name for a session", expected=f"NAME{SUFFIX}")
    if keep_names and repeats:  # a pseudonym among names would stand out as well
        raise BadInput(
            "--repeats and --keep-names do not go together",
            found="a list with the name of each repeated case twice, which announces the repeats",
            expected="pseudonyms, of which a repeat bears one of its own",
            do="Leave one of the two out",
        )
    files = _files(session, rater or ["reader"])
    if not force:
        refuse_half(files.values())
    for path in files.values():
        check_name(path)
        check_target(path, force=force)
    with claimed(files.values(), overwrite=force):  # asked before the studies are hashed: minutes
        pass
    asked = read_form(form) if form is not None else None
    try:
        with interruptible() as cancelled:
            found = find_sources(sources, cancelled=cancelled)
            cases = make_cases(found, keep_names=keep_names, cancelled=cancelled)
    except Cancelled:
        end_with(NOTHING_WRITTEN, debug=debug)
    names = [case.name for case in cases]
    plans = {
        name: make_plan(names, ai=ai.value, repeats=repeats, shuffled=shuffle, seed=[seed, number])
        for number, name in enumerate(files)
    }
    identity = create_sessions(
        files, cases, plans, form=asked, seed=seed, idle_s=idle, overwrite=force
    )
    report = {
        "format": 1,
        "session": identity,
        "files": {name: str(path) for name, path in files.items()},
        "items": {name: len(plan) for name, plan in plans.items()},
        "cases": [_shown(case) for case in cases],
    }
    write_report(json, report)
    if json != STDOUT:
        _say(files, cases, len(plans[next(iter(plans))]))


def _files(session: Path, raters: Sequence[str]) -> dict[str, Path]:
    """Return the file of each rater."""
    if len(raters) == 1:
        return {raters[0]: session}
    files = {}
    for name in raters:
        plain = re.sub(r"[^\w-]+", "-", name).strip("-")
        files[name] = session.with_name(f"{session.stem}-{plain}{session.suffix}")
    if len(set(files.values())) < len(raters):
        raise BadInput("The raters' names are too much alike", found=", ".join(raters))
    return files


def _shown(case: Case) -> dict[str, object]:
    return {"case": case.name, "patient": case.patient, "mask": bool(case.mask)}


def _say(files: dict[str, Path], cases: Sequence[Case], items: int) -> None:
    masks = sum(bool(case.mask) for case in cases)
    for name, path in files.items():
        typer.echo(f"{path}: {items} items of {len(cases)} cases for {name}")
    typer.echo(f"{masks} of {len(cases)} cases come with a mask.")
    typer.echo("Paths of the images are in the file, so that it can reopen them; never in exports.")
