"""One study classified, for the commands that do it."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.cli.progress import progress_shown
from napari_acs.cli.study import lines_on, read_aligned, refuse_red, unpacked_study
from napari_acs.errors import BadInput
from napari_acs.inference.classification import Classified
from napari_acs.inference.messages import Failure, Progress

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume
    from napari_acs.imaging.check import CheckLine
    from napari_acs.imaging.identify.guess import SequenceGuess
    from napari_acs.models import ClassifierBundle


def classify_study(
    wanted: Path | dict[str, Path],
    mask: Path | None,
    bundle: ClassifierBundle,
    *,
    reference: str | None,
    device: str,
    cancelled: Callable[[], bool],
) -> tuple[str, tuple[CheckLine, ...], Classified | Failure]:
    """Read, align, check and classify a study; return its name, the check and the job's end.

    Raises
    ------
    BadInput
        It cannot be read, or the check calls something red.
    Cancelled
    """
    with unpacked_study(wanted, cancelled) as here:
        proposed: dict[str, tuple[str, SequenceGuess | None]] = {}
        lost: dict[str, str] = {}
        read = read_aligned(here, reference, cancelled, proposed=proposed, lost=lost)
        labels = None if mask is None else _mask(mask, read)
        lines = (*lines_on(proposed, lost), *_checked(read, bundle, cancelled))
        return read.name, lines, _classify(read, bundle, labels, lines, device, cancelled)


def _mask(path: Path, study: Study) -> Volume:
    """Read the mask, and put it on the study's grid by its position, unless it lies elsewhere."""
    from napari_acs.imaging import read_segments

    if not path.exists():
        raise BadInput(f"--mask {path}", found="no such file", do="Check the path")
    return read_segments(path, study.grid).volume


def _checked(
    study: Study, bundle: ClassifierBundle, cancelled: Callable[[], bool]
) -> tuple[CheckLine, ...]:
    """Check the study for this model; one that looks at a single volume needs no sequence."""
    from napari_acs.imaging.check import check_study
    from napari_acs.inference.needs import needs_of
    from napari_acs.models.spec import VOLUME

    if any(channel.name == VOLUME for channel in bundle.spec.input.channels):
        return ()
    needs = needs_of(bundle.spec)
    lines = check_study(study.name, study.sequences, needs, brain="auto", cancelled=cancelled)
    refuse_red(study.name, lines, "classified")
    return lines


def _classify(
    study: Study,
    bundle: ClassifierBundle,
    mask: Volume | None,
    lines: tuple[CheckLine, ...],
    device: str,
    cancelled: Callable[[], bool],
) -> Classified | Failure:
    from napari_acs.inference import run_classifier
    from napari_acs.inference.classify_doubts import doubts_of

    job = run_classifier(
        study, bundle, mask, device=device, doubts=doubts_of(lines), cancelled=cancelled
    )
    with progress_shown(study.name) as show:
        for message in job:
            if not isinstance(message, Progress):
                return message
            show(message)
    raise AssertionError("a job ended without a result or a failure")
