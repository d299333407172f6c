"""Reading a study for a command: unpacked, aligned, checked."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.cli.outcome import end_with
from napari_acs.cli.progress import progress_shown
from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure, Progress

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume
    from napari_acs.imaging.check import CheckLine
    from napari_acs.imaging.identify.guess import SequenceGuess

NOTHING_WRITTEN = Failure("Cancelled", "", "Nothing was written", "cancelled")


@contextmanager
def unpacked_study(
    wanted: Path | dict[str, Path], cancelled: Callable[[], bool]
) -> Iterator[Path | dict[str, Path]]:
    """Give what is to be read, a ``.zip`` of DICOM unpacked; its files go when the block ends.

    Raises
    ------
    BadInput
        The archive is refused.
    typer.Exit
        ``cancelled`` said so.
    """
    if isinstance(wanted, dict) or wanted.suffix.lower() != ".zip":
        yield wanted
        return
    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.imaging.dicom import unpacked

    with ExitStack() as until_done:
        try:
            folder = until_done.enter_context(unpacked(wanted, cancelled=cancelled))
        except Cancelled:
            end_with(NOTHING_WRITTEN, debug=False)
        yield folder


def read_aligned(
    wanted: Path | dict[str, Path],
    reference: str | None,
    cancelled: Callable[[], bool],
    look: Callable[[Mapping[str, Volume]], None] = lambda _: None,
    proposed: dict[str, tuple[str, SequenceGuess | None]] | None = None,
    lost: dict[str, str] | None = None,
) -> Study:
    """Read a study; sequences on other grids are registered, with progress shown.

    Parameters
    ----------
    wanted : Path or dict
        Its folder, or its files by sequence.
    reference : str, optional
        The sequence whose grid is taken.
    cancelled : callable
    look : callable
        Shown the volumes before anything is registered; may refuse them.
    proposed : dict, optional
        Gets what each sequence's image is called, and why it was taken for it.
    lost : dict, optional
        Gets why each series was left out that its header calls a sequence which is lacking now.

    Raises
    ------
    BadInput
    Cancelled
    """
    from napari_acs.imaging import read_volumes, to_study
    from napari_acs.inference.sequence_classifier import sequence_classifier
    from napari_acs.inference.stream import Outcome, stream

    def found_as(key: str, title: str, guess: SequenceGuess | None) -> None:
        if proposed is not None:
            proposed[key] = title, guess

    name, volumes = read_volumes(
        wanted,
        found_as=found_as,
        left_out=None if lost is None else lost.__setitem__,
        classifier=sequence_classifier(),
        cancelled=cancelled,
    )
    look(volumes)
    with progress_shown(name) as show:
        for said in stream(
            lambda tell, stop: to_study(
                name, volumes, reference=reference, cancelled=stop, progress=tell
            ),
            cancelled,
        ):
            if isinstance(said, Outcome):
                study: Study = said.value
                return study
            show(Progress(0, 1, "register", said))
    raise AssertionError("a stream ended without an outcome")


def lines_on(
    proposed: Mapping[str, tuple[str, SequenceGuess | None]], lost: Mapping[str, str]
) -> tuple[CheckLine, ...]:
    """Return the check's lines on how the sequences were found, where there is any doubt."""
    from napari_acs.imaging.check.left_out import told_of_left_out
    from napari_acs.imaging.check.told import told_by_images

    lines = (told_of_left_out(lost), told_by_images(proposed))
    return tuple(line for line in lines if line is not None)


def refuse_red(study: str, lines: Sequence[CheckLine], done: str) -> None:
    """Refuse a study of which the check calls something red.

    Parameters
    ----------
    study : str
        Its name.
    lines : sequence of CheckLine
    done : str
        What is not done with it: "segmented".

    Raises
    ------
    BadInput
    """
    reds = [line for line in lines if line.status == "red"]
    if reds:
        first = reds[0]
        more = f" (and {len(reds) - 1} more: see napari-acs check)" if len(reds) > 1 else ""
        raise BadInput(
            f"{study} is not {done}: {first.title.lower()}{more}", found=first.found, do=first.do
        )


def amber(lines: Sequence[CheckLine]) -> tuple[str, ...]:
    """Return a sentence for each thing that the check has doubts about."""
    return tuple(
        f"Check: {line.title}{f': {line.found}' if line.found else ''}".rstrip(". ") + "."
        for line in lines
        if line.status == "amber" and line.topic not in {"skull", "grids"}
    )
