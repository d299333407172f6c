"""What missing sequences cost: a model scored on every subset of sequences that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_acs.imaging.cancel import never
from napari_acs.inference.device import AUTO
from napari_acs.inference.evaluation import Evaluation, FailedCase, evaluate
from napari_acs.inference.precision import FLOAT32
from napari_acs.models.stated import subset_key

if TYPE_CHECKING:
    from napari_acs.inference.messages import Message
    from napari_acs.inference.reference import LabelledCase
    from napari_acs.models import Bundle
    from napari_acs.models.spec import InputSpec


@dataclass(frozen=True)
class SubsetScores:
    """The scores of the same cases with fewer and fewer sequences.

    Attributes
    ----------
    evaluations : mapping of str to Evaluation
        By subset key (``"t1+flair"``), in the order in which they were asked for.
    total : int
        How many segmentations were asked for.
    failed : tuple of FailedCase
        What has no scores with some subset, and was left out of all.
    """

    evaluations: Mapping[str, Evaluation]
    total: int
    failed: tuple[FailedCase, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the work was not cancelled midway."""
        return all(done.complete for done in self.evaluations.values())

    @property
    def fullest(self) -> Evaluation:
        """The scores of the first subset."""
        return next(iter(self.evaluations.values()))

    def metrics(self) -> dict[str, dict[str, Any]]:
        """Return what ``metrics.subsets`` of a ``model.json`` holds: number of cases, mean Dice."""
        return {
            key: {
                "n": len(done.cases),
                "dice": {name: round(mean["dice"], 4) for name, mean in done.means().items()},
            }
            for key, done in self.evaluations.items()
            if done.cases
        }


def allowed_subsets(takes: InputSpec) -> tuple[tuple[str, ...], ...]:
    """Return the subsets of sequences that a model takes, the fullest first.

    Each is in the order of the model's channels.
    """
    names = [channel.name for channel in takes.channels]
    required = {channel.name for channel in takes.channels if channel.required}
    fewest = max(takes.minimum_sequences, 1)
    return tuple(
        chosen
        for count in range(len(names), fewest - 1, -1)
        for chosen in combinations(names, count)
        if required.issubset(chosen)
    )


def evaluate_subsets(
    bundle: Bundle,
    cases: Sequence[Path | LabelledCase],
    subsets: Sequence[Sequence[str]],
    device: str = AUTO,
    *,
    precision: str = FLOAT32,
    cross_validated: bool = False,
    go_on: bool = False,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, int, Message], None] | None = None,
) -> SubsetScores:
    """Score every case with every one of these subsets of its sequences.

    Parameters
    ----------
    bundle, cases, device, precision, cross_validated, cancelled
        As in `evaluate`.
    go_on : bool
        As in `evaluate`. A case that fails with one subset is left out of all, so that all are
        scored on the same cases.
    subsets : sequence of sequence of str
        Such as `allowed_subsets` gives; an empty one stands for all that a case has.
    progress : callable, optional
        Called with the number of the subset, that of the case, and every message of its job.

    Returns
    -------
    SubsetScores
        Where it was cancelled, the last evaluation in it is not complete.

    Raises
    ------
    BadInput
        As `evaluate`, and where a case lacks a sequence of a subset.
    SegmentationError
        As `evaluate`.
    """
    done: dict[str, Evaluation] = {}
    failed: dict[int, FailedCase] = {}
    scored: dict[str, list[int]] = {}
    for number, subset in enumerate(subsets):
        left = [place for place in range(len(cases)) if place not in failed]
        scores = done[subset_key(subset)] = evaluate(
            bundle,
            [cases[place] for place in left],
            device,
            precision=precision,
            only=subset,
            cross_validated=cross_validated,
            go_on=go_on,
            cancelled=cancelled,
            progress=_at(progress, number, left) if progress is not None else None,
        )
        failed |= {left[f.number]: replace(f, number=left[f.number]) for f in scores.failed}
        scored[subset_key(subset)] = [place for place in left if place not in failed]
        if not scores.complete:
            break
    lacking = tuple(failed.values())
    every = {key: _without(lacking, scores, scored[key]) for key, scores in done.items()}
    return SubsetScores(every, len(subsets) * len(cases), lacking)


def _without(failed: Sequence[FailedCase], scores: Evaluation, places: Sequence[int]) -> Evaluation:
    """Leave out what failed with another subset, so that all means are over the same cases."""
    gone = {each.number for each in failed}
    kept = [case for place, case in zip(places, scores.cases, strict=False) if place not in gone]
    return replace(scores, cases=tuple(kept), failed=tuple(failed))


def _at(
    progress: Callable[[int, int, Message], None], number: int, places: Sequence[int]
) -> Callable[[int, Message], None]:
    return lambda case, message: progress(number, places[case], message)
