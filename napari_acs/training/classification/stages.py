"""Which networks a classifier's training makes: one by cross-validation each, and the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.model_selection import StratifiedGroupKFold

from napari_acs.errors import BadInput
from napari_acs.training.classification.boxes import Box
from napari_acs.training.classification.recipe import ClassificationRecipe

FIRST, LAST = "phantoms", "final"


@dataclass(frozen=True)
class Stage:
    """One network to train.

    Attributes
    ----------
    name : str
        Its folder in the run.
    steps : int
    training, held_out : tuple of Box
        Cases; no patient is in both.
    """

    name: str
    steps: int
    training: tuple[Box, ...] = ()
    held_out: tuple[Box, ...] = ()


def stages_of(recipe: ClassificationRecipe, cases: Sequence[Box]) -> list[Stage]:
    """Return the stages in order: phantoms alone, each fold, and all cases unless the folds ship.

    Every fold and the last start from the network of the first stage, which saw no case.

    Raises
    ------
    BadInput
        There are fewer patients than folds, or a class has no case.
    """
    first = [Stage(FIRST, recipe.phantoms.steps)] if recipe.phantoms.steps else []
    if not cases:
        if not first:
            raise BadInput("There is no case to train on", do="Name their folder with --data")
        return first
    for place, one in enumerate(recipe.classes):
        if not any(box.label == place for box in cases):
            raise BadInput(
                f"No case is of the class {one.name}", do="Add one, or take it out of the recipe"
            )
    folds = _folds(recipe, cases)
    if recipe.ships == "folds":
        return [*first, *folds]
    return [*first, *folds, Stage(LAST, recipe.steps, tuple(cases))]


def shipped_of(stages: Sequence[Stage]) -> list[Stage]:
    """Return the stages whose networks go into the bundle: the last, or else all folds."""
    last = stages[-1]
    return [stage for stage in stages if stage.held_out] if last.held_out else [last]


def _folds(recipe: ClassificationRecipe, cases: Sequence[Box]) -> list[Stage]:
    patients = [box.patient for box in cases]
    if len(set(patients)) < recipe.folds:
        raise BadInput(
            f"{len(set(patients))} patients cannot be split into {recipe.folds} folds",
            do="Give more cases, or fewer folds",
        )
    splitter = StratifiedGroupKFold(recipe.folds, shuffle=True, random_state=recipe.seed)
    labels = [box.label for box in cases]
    stages = []
    for number, (_, held) in enumerate(_quiet_split(splitter, labels, patients), start=1):
        apart = set(held)
        stages.append(
            Stage(
                f"fold-{number}",
                recipe.steps,
                tuple(box for i, box in enumerate(cases) if i not in apart),
                tuple(cases[i] for i in held),
            )
        )
    return stages


def _quiet_split(
    splitter: StratifiedGroupKFold, labels: Sequence[int], patients: Sequence[str]
) -> list[tuple[list[int], list[int]]]:
    import warnings  # noqa: PLC0415

    with warnings.catch_warnings():  # a class with fewer cases than folds is missing in some
        warnings.simplefilter("ignore", UserWarning)
        pairs = splitter.split(labels, labels, patients)
        return [(a.tolist(), b.tolist()) for a, b in pairs]
