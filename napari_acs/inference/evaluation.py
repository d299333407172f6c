"""A model's agreement with reference masks, case by case and region by region."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never
from napari_acs.imaging.metrics import DEFINITIONS, Scores, score
from napari_acs.inference.blocking import SegmentationError
from napari_acs.inference.device import AUTO
from napari_acs.inference.job import run
from napari_acs.inference.mask_contrast import doubt_of
from napari_acs.inference.messages import Failure, Message, Result
from napari_acs.inference.precision import FLOAT32
from napari_acs.inference.reference import REGIONS, FolderCase, LabelledCase
from napari_acs.inference.regions import region_masks
from napari_acs.inference.sentences import failure_of, failure_of_error
from napari_acs.models.cross_validation import unseen

if TYPE_CHECKING:
    from napari_acs.imaging import Study
    from napari_acs.models import Bundle

CROSS_VALIDATED = "each case was judged by those networks of the model only that never saw it"


@dataclass(frozen=True)
class CaseScores:
    """The scores of one case.

    Attributes
    ----------
    case : str
        Name of the case's folder.
    regions : mapping of str to Scores
        By region name, ``WT``, ``TC``, ``ET``.
    empty : bool
        The network found no tumour; scored as an empty mask.
    missing : tuple of str
        Sequences of the model that the case does not have.
    seconds : float
        Wall time of the segmentation.
    members : tuple of int
        Under cross-validation the members of the ensemble that judged it, as numbers from 1; empty
        where all did.
    doubt : str
        A sentence where the reference mask hardly stands out in the images; see
        `napari_acs.inference.mask_contrast`.
    """

    case: str
    regions: Mapping[str, Scores]
    empty: bool
    missing: tuple[str, ...]
    seconds: float
    members: tuple[int, ...] = ()
    doubt: str = ""


@dataclass(frozen=True)
class FailedCase:
    """A case that has no scores: its name, its number among those asked for, and why."""

    case: str
    number: int
    failure: Failure


@dataclass(frozen=True)
class Evaluation:
    """The scores of all cases; ``complete`` is False where the work was cancelled midway.

    ``cross_validated``: each case was judged by members only that never saw it. The means are
    without what ``failed``.
    """

    cases: tuple[CaseScores, ...]
    complete: bool = True
    cross_validated: bool = False
    failed: tuple[FailedCase, ...] = ()

    def means(self) -> dict[str, dict[str, float]]:
        """Return the mean Dice and HD95 (mm) over the scored cases, by region name."""
        if not self.cases:
            return {}
        return {
            name: {
                "dice": fmean(case.regions[name].dice for case in self.cases),
                "hd95_mm": fmean(case.regions[name].hd95_mm for case in self.cases),
            }
            for name in REGIONS
        }

    def as_json(self) -> dict[str, Any]:
        """Return the JSON-ready record: definitions, cases, means."""
        return {
            "definitions": DEFINITIONS,
            "cross_validated": CROSS_VALIDATED if self.cross_validated else False,
            "cases": [asdict(case) for case in self.cases],
            "mean": self.means(),
            **({"failed": said} if (said := self._failures()) else {}),
        }

    def _failures(self) -> list[dict[str, str]]:
        return [{"case": each.case, "why": each.failure.sentence()} for each in self.failed]


def evaluate(
    bundle: Bundle,
    cases: Sequence[Path | LabelledCase],
    device: str = AUTO,
    *,
    precision: str = FLOAT32,
    only: Sequence[str] = (),
    cross_validated: bool = False,
    go_on: bool = False,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, Message], None] | None = None,
) -> Evaluation:
    """Segment every case and score it against the mask in its folder.

    Parameters
    ----------
    bundle : Bundle
        Its regions must be WT, TC and ET.
    cases : sequence of Path or LabelledCase
        Folders, each with a study and one mask (see ``reference.find_cases``), or cases of any
        layout.
    device, precision : str
        As in ``run``.
    only : sequence of str, optional
        Sequences to use: the others of a case are left out, as if they had not been taken.
    cross_validated : bool
        Whether each case is judged by the members of an ensemble only that never saw it (see
        `models.cross_validation`).
    go_on : bool
        Whether a case that cannot be read or segmented is put down as failed, and the others are
        scored all the same; otherwise it ends the work.
    cancelled : callable
        As in ``run``.
    progress : callable, optional
        Called with the number of the case and every message of its job.

    Returns
    -------
    Evaluation
        With the cases done so far where it was cancelled.

    Raises
    ------
    BadInput
        The model does not do; a case or a mask does not (with ``go_on``, only what is seen before
        any computing).
    SegmentationError
        A segmentation failed by a fault of ours (not with ``go_on``).
    """
    names = tuple(region.name for region in bundle.spec.output.regions)
    if names != REGIONS:
        raise BadInput(
            f"The model {bundle.spec.id} cannot be scored against BraTS masks",
            found=f"regions {', '.join(names)}",
            expected=", ".join(REGIONS),
            do="Choose a model with these regions",
        )
    # Before any computing: a folder without mask is refused, and a case that every member saw.
    labelled = [FolderCase(case) if isinstance(case, Path) else case for case in cases]
    judges = [unseen(bundle, case.name) if cross_validated else bundle for case in labelled]
    done: list[CaseScores] = []
    failed: list[FailedCase] = []
    for number, (case, judge) in enumerate(zip(labelled, judges, strict=True)):
        try:
            whole, reference = case.read()
            study = _with_only(whole, only)
        except Exception as error:
            if not go_on:
                raise
            failed.append(FailedCase(case.name, number, _unread(error, case.name)))
            continue
        start = perf_counter()
        job = run(study, judge, device=device, precision=precision, cancelled=cancelled)
        end = _last(job, number, progress)
        seconds = perf_counter() - start
        if isinstance(end, Result):
            predicted = region_masks(end.segmentation.labels, bundle.spec.output.regions)
        elif end.kind == "empty":
            predicted = {name: np.zeros_like(reference[name]) for name in REGIONS}
        elif end.kind == "cancelled":
            return Evaluation(tuple(done), False, cross_validated, tuple(failed))
        elif go_on:
            failed.append(FailedCase(case.name, number, end))
            continue
        elif end.kind == "input":
            raise BadInput(f"{case.name}: {end.what}. {end.why}", do=end.do)
        else:
            raise SegmentationError(end)
        x, y, z = study.grid.spacing
        channels = [channel.name for channel in bundle.spec.input.channels]
        done.append(
            CaseScores(
                case.name,
                {name: score(predicted[name], reference[name], (z, y, x)) for name in REGIONS},
                empty=isinstance(end, Failure),
                missing=tuple(name for name in channels if name not in study.sequences),
                seconds=round(seconds, 3),
                members=tuple(m + 1 for m in judge.members) if cross_validated else (),
                doubt=doubt_of(whole, reference["WT"], f"The mask of {case.name}"),
            )
        )
    return Evaluation(tuple(done), cross_validated=cross_validated, failed=tuple(failed))


def _unread(error: Exception, case: str) -> Failure:
    if isinstance(error, BadInput):
        return failure_of(error)
    return failure_of_error(error, f"Reading {case}")


def _with_only(study: Study, only: Sequence[str]) -> Study:
    lacking = [name for name in only if name not in study.sequences]
    if lacking:
        raise BadInput(
            f"The case {study.name!r} cannot be scored with {', '.join(only)}",
            found=f"no {', '.join(lacking)}",
            do="Leave this case out",
        )
    if not only:
        return study
    # the grid is the same for all of a study, so any of them may be the reference
    kept = {name: study.sequences[name] for name in only}
    return replace(study, sequences=kept, reference="")


def _last(
    messages: Iterable[Message], number: int, progress: Callable[[int, Message], None] | None
) -> Result | Failure:
    end: Message | None = None
    for end in messages:
        if progress is not None:
            progress(number, end)
    if not isinstance(end, (Result, Failure)):
        raise AssertionError("a job ended without a result or a failure")
    return end
