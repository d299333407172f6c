"""``napari-acs check``: what is wrong with a study, before anything is predicted."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import CANCELLED, REFUSED, exits
from napari_acs.cli.output import STDOUT, check_report, write_report
from napari_acs.cli.study import lines_on
from napari_acs.cli.wanted import what_to_read
from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari_acs.imaging.check import CheckLine, Needs
    from napari_acs.imaging.identify import SequenceGuess
    from napari_acs.imaging.volume import Volume

_MARKS = {"green": "\N{CHECK MARK}", "amber": "!", "red": "\N{BALLOT X}"}
_PLAIN_MARKS = {"green": "+", "amber": "!", "red": "x"}
_COLOURS = {"green": "green", "amber": "yellow", "red": "bold red"}


@exits
def check(
    *,
    study: options.StudyDir = None,
    model: options.Model = "",
    t1: options.T1 = None,
    t1ce: options.T1ce = None,
    t2: options.T2 = None,
    flair: options.Flair = None,
    json: options.JsonReport = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Check a study (a folder, or up to four files) before it is segmented.

    Exit code 2 when a line is red.
    """
    wanted = what_to_read(study, {"t1": t1, "t1ce": t1ce, "t2": t2, "flair": flair}, "check")
    check_report(json, force=force)
    from napari_acs.imaging.cancel import Cancelled, stop_if

    needs = _needs(model)
    with interruptible() as cancelled:
        try:
            name, lines, volumes, guesses = _check(wanted, needs, cancelled)
            stop_if(cancelled)
        except Cancelled:
            typer.echo("Cancelled.", err=True)
            raise typer.Exit(CANCELLED) from None
    report = _report(name, lines, volumes, guesses)
    write_report(json, report)
    if json != STDOUT:
        _show(name, lines)
    if report["worst"] == "red":
        raise typer.Exit(REFUSED)


def _needs(model: str) -> Needs:
    """Read what a model needs from its description alone: no torch."""
    from napari_acs.inference.needs import needs_of
    from napari_acs.models.store import default_bundle_id, find_bundle, read_spec

    return needs_of(read_spec(find_bundle(model or default_bundle_id())))


def _check(
    wanted: Path | dict[str, Path], needs: Needs, cancelled: Any
) -> tuple[str, list[CheckLine], dict[str, Volume], dict[str, SequenceGuess]]:
    from napari_acs.imaging.check import CheckLine, check_study
    from napari_acs.imaging.check.subject import glance
    from napari_acs.imaging.identify import Clues, identify
    from napari_acs.imaging.open import read_volumes
    from napari_acs.inference.sequence_classifier import sequence_classifier

    classifier = sequence_classifier()
    refusals: list[str] = []
    lost: dict[str, str] = {}
    proposed: dict[str, tuple[str, SequenceGuess | None]] = {}

    def found_as(key: str, title: str, guess: SequenceGuess | None) -> None:
        proposed[key] = title, guess

    def refused(_key: str, _title: str, refusal: BadInput) -> None:
        refusals.append(refusal.sentence())

    name, volumes = read_volumes(
        wanted,
        refused=refused,
        found_as=found_as,
        left_out=lost.__setitem__,
        classifier=classifier,
        cancelled=cancelled,
    )
    files = CheckLine("files", "green", "Every file can be read")
    if refusals:
        files = CheckLine(
            "files",
            "red",
            "A file cannot be read",
            " ".join(refusals).rstrip("."),
            "Mend it or leave it out; the lines below are about the others",
        )
    seen = {key: glance(volume) for key, volume in volumes.items()}
    clues = {key: Clues.of(volume) for key, volume in volumes.items()}
    guesses = identify(clues, statistics=True, classifier=classifier, seen=seen)
    lines = check_study(name, volumes, needs, guesses, seen=seen, brain="auto", cancelled=cancelled)
    return name, [files, *lines_on(proposed, lost), *lines], volumes, guesses


def _report(
    name: str,
    lines: list[CheckLine],
    volumes: dict[str, Volume],
    guesses: dict[str, SequenceGuess],
) -> dict[str, Any]:
    from napari_acs.imaging.check import worst

    return {
        "format": 1,
        "study": name,
        "worst": worst(tuple(lines)),
        "lines": [line.record() for line in lines],
        "sequences": {
            key: {
                # A DICOM folder is often called after the patient.
                "file": str(volume.source) if volume.source and not volume.dicom else None,
                "looks_like": guesses[key].sequence,
                "confidence": round(guesses[key].confidence, 3),
                "reason": guesses[key].reason,
                "evidence": guesses[key].evidence,
            }
            for key, volume in volumes.items()
        },
    }


def _show(name: str, lines: list[CheckLine]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    try:
        "".join(_MARKS.values()).encode(console.encoding)
        marks = _MARKS
    except UnicodeEncodeError:
        marks = _PLAIN_MARKS
    console.print(Text(name, style="bold"))
    for line in lines:
        head = Text(f"{marks[line.status]} {line.status:5} ", style=_COLOURS[line.status])
        console.print(head + Text(line.title))
        for more in (line.found, line.do):
            if more:
                console.print(Text(f"        {more}."))
