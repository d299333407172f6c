"""What missing sequences cost: a model scored on every subset of sequences that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_acs.imaging.cancel import never
from napari_acs.inference.device import AUTO
from napari_acs.inference.evaluation import Evaluation, evaluate
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
    """

    evaluations: Mapping[str, Evaluation]
    total: int

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
    cancelled: Callable[[], bool] = never,
    progress: Callable[[int, int, Message], None] | None = None,
) -> SubsetScores:
    """Score every case with every one of these subsets of its sequences.

    Parameters
    ----------
    bundle, cases, device, precision, cross_validated, cancelled
        As in `evaluate`.
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
        A segmentation failed by a fault of ours.
    """
    done: dict[str, Evaluation] = {}
    for number, subset in enumerate(subsets):
        scores = done[subset_key(subset)] = evaluate(
            bundle,
            cases,
            device,
            precision=precision,
            only=subset,
            cross_validated=cross_validated,
            cancelled=cancelled,
            progress=partial(progress, number) if progress is not None else None,
        )
        if not scores.complete:
            break
    return SubsetScores(done, len(subsets) * len(cases))
