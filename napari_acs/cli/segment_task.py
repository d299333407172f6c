"""What ``napari-acs segment`` does, in order: read, align, check, segment, save, report."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_acs.cli.outcome import end_with
from napari_acs.cli.output import check_target
from napari_acs.cli.progress import progress_shown
from napari_acs.cli.study import (
    NOTHING_WRITTEN,
    amber,
    lines_on,
    read_aligned,
    refuse_red,
    unpacked_study,
)
from napari_acs.errors import BadInput
from napari_acs.inference.emptiness import with_check
from napari_acs.inference.messages import Failure, Progress, Result

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume
    from napari_acs.imaging.check import CheckLine
    from napari_acs.imaging.identify.guess import SequenceGuess
    from napari_acs.inference.messages import Segmentation
    from napari_acs.inference.ready import Preparation
    from napari_acs.models import Bundle

_BRAINS = {"auto", "none"}


@dataclass(frozen=True)
class Task:
    """What is to be segmented, and how."""

    wanted: Path | dict[str, Path]
    model: str
    reference: str | None
    brain: str
    bias_correction: bool
    device: str
    precision: str
    flips: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """A mask that was written: its report, and what to say of it."""

    report: dict[str, Any]
    notes: tuple[str, ...]
    volumes_ml: Mapping[str, float]
    proof: str


@contextmanager
def unzipped(task: Task, cancelled: Callable[[], bool]) -> Iterator[Task]:
    """Give the task with a ``.zip`` of DICOM unpacked; its files go when the block ends.

    Raises
    ------
    BadInput
        The archive is refused.
    typer.Exit
        ``cancelled`` said so.
    """
    with unpacked_study(task.wanted, cancelled) as wanted:
        yield replace(task, wanted=wanted)


def carry_out(
    task: Task, out: Path, brats: bool, force: bool, debug: bool, cancelled: Callable[[], bool]
) -> Done:
    """Segment and write the mask; nothing is written where anything is refused.

    Raises
    ------
    BadInput
        Whatever is wrong with the input or the output.
    typer.Exit
        The job ended as a ``Failure`` says.
    """
    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.imaging.labels.reread import KINDS
    from napari_acs.imaging.labels.target import suffix_of
    from napari_acs.inference import pick_device
    from napari_acs.inference.precision import pick_precision
    from napari_acs.models import default_bundle_id, load_bundle

    suffix_of(out, KINDS)
    start = perf_counter()
    pick_precision(task.precision, pick_device(task.device))
    try:
        preparation = _preparation(task)  # what is refused at once comes before what takes long
        bundle = load_bundle(task.model or default_bundle_id())
        others = [load_bundle(each) for each in task.others]
        study, told = _read(task, out, cancelled)
        check_target(out, force=force, inputs=_inputs(task, study))
        if study.sequences[study.reference].dicom is None:
            _refuse_dicom(out)
        lines = (*told, *_checked(study, bundle, preparation, cancelled))
    except Cancelled:
        end_with(NOTHING_WRITTEN, debug=debug)
    load_seconds = perf_counter() - start
    end = _segment(task, study, [bundle, *others], preparation, cancelled)
    if isinstance(end, Failure) and end.kind == "empty":
        end = with_check(end, lines)
    if isinstance(end, Failure) or cancelled():
        end_with(end if isinstance(end, Failure) else NOTHING_WRITTEN, debug=debug)
    made = end.segmentation
    start = perf_counter()
    values, proof = _save(out, study, made, brats, force)
    seconds = {"load": load_seconds, **made.seconds, "write": perf_counter() - start}
    notes = (*_alignment_notes(study), *amber(lines), *end.notes)
    report = {
        "format": 1,
        "study": study.name,
        "mask": {"file": str(out), "sha256": _sha256(out), "verified": proof.record()},
        "labels": {"values": {str(values[k.value]): f"{k.name}, {k.title}" for k in made.classes}},
        "volumes_ml": {name: round(ml, 3) for name, ml in made.volumes_ml.items()},
        "model": made.provenance["model"],
        "device": made.provenance["device"],
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
        "check": [line.record() for line in lines],
        "notes": list(notes),
        "provenance": dict(made.provenance),
    }
    return Done(report, notes, made.volumes_ml, proof.sentence())


def _read(
    task: Task, out: Path, cancelled: Callable[[], bool]
) -> tuple[Study, tuple[CheckLine, ...]]:
    """Read the study; also the check's lines on how its sequences were told."""
    lost: dict[str, str] = {}
    proposed: dict[str, tuple[str, SequenceGuess | None]] = {}

    def look(volumes: Mapping[str, Volume]) -> None:
        if not any(volume.dicom for volume in volumes.values()):
            _refuse_dicom(out)  # before anything is registered

    study = read_aligned(task.wanted, task.reference, cancelled, look, proposed, lost)
    return study, lines_on(proposed, lost)


def _refuse_dicom(out: Path) -> None:
    """Refuse to write DICOM where there is no series that it could refer to."""
    if out.name.lower().endswith(".dcm"):
        from napari_acs.imaging.dicom.masks import require_series

        require_series(out.name, None)


def _inputs(task: Task, study: Study) -> list[Path]:
    """Return the files that were read, which no output may replace."""
    files = [Path(task.brain)] if task.brain not in _BRAINS else []
    for volume in study.sequences.values():
        if volume.dicom:
            files += volume.dicom.files
        elif volume.source:
            files.append(volume.source)
    return files


def _preparation(task: Task) -> Preparation:
    from napari_acs.imaging import read_segments
    from napari_acs.inference.ready import Preparation

    brain: Any = task.brain
    if task.brain not in _BRAINS:
        if not Path(task.brain).exists():
            raise BadInput(
                f"--brain {task.brain}",
                found="no such file",
                expected="auto, none, or a mask file",
                do="Check the path",
            )
        brain = read_segments(task.brain).volume
    return Preparation(brain, task.bias_correction)


def _checked(
    study: Study, bundle: Bundle, preparation: Preparation, cancelled: Callable[[], bool]
) -> tuple[CheckLine, ...]:
    """Check the study as `napari-acs check` does, and refuse what is red."""
    from napari_acs.imaging.check import check_study
    from napari_acs.inference.needs import needs_of

    brain = preparation.brain if isinstance(preparation.brain, str) else "mask"
    lines = check_study(
        study.name, study.sequences, needs_of(bundle.spec), brain=brain, cancelled=cancelled
    )
    refuse_red(study.name, lines, "segmented")
    return lines


def _segment(
    task: Task,
    study: Study,
    bundles: Sequence[Bundle],
    preparation: Preparation,
    cancelled: Callable[[], bool],
) -> Result | Failure:
    from napari_acs.inference import run

    with progress_shown(study.name) as show:
        for message in run(
            study,
            bundles[0],
            device=task.device,
            precision=task.precision,
            preparation=preparation,
            flips=task.flips,
            others=bundles[1:],
            cancelled=cancelled,
        ):
            if isinstance(message, Progress):
                show(message)
            else:
                return message
    raise AssertionError("a job ended without a result or a failure")


def _save(
    out: Path, study: Study, made: Segmentation, brats: bool, force: bool
) -> tuple[dict[int, int], Any]:
    from napari_acs.imaging import save_labels
    from napari_acs.imaging.labels.segments import Maker, SegmentName
    from napari_acs.inference.regions import brats_values, relabel

    values = {kind.value: kind.value for kind in made.classes}
    if brats:
        values = brats_values(made.classes)
    home: Volume = study.sequences[study.reference]
    model = made.provenance["model"]
    # The reference's own header gives the geometry, bit for bit.
    proof = save_labels(
        out,
        relabel(made.labels, values),
        made.grid,
        overwrite=force,
        source=home.source,
        segments=[SegmentName(values[k.value], k.name, k.title, k.color) for k in made.classes],
        dicom=home.dicom,
        maker=Maker("AUTOMATIC", model["id"], model["version"]),
    )
    return values, proof


def _alignment_notes(study: Study) -> tuple[str, ...]:
    from napari_acs.imaging import TITLES

    notes = []
    for key, volume in study.sequences.items():
        for step in volume.history:
            if step.name == "registered":
                why = f": {step.why.rstrip('. ')}" if step.why else ""
                verdict = {"good": "fits well", "look": "needs a look"}.get(step.verdict, "failed")
                reference = TITLES[study.reference]
                notes.append(f"{TITLES[key]} was registered to {reference} and {verdict}{why}.")
    return tuple(notes)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
