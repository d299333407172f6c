"""What is looked for in the cases of a classifier before any of them is prepared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from napari_acs.models.spec import VOLUME
from napari_acs.training.classification.labels import read_labels_csv
from napari_acs.training.classification.recipe import ClassificationRecipe
from napari_acs.training.layouts import TrainingCase
from napari_acs.training.preflight import preflight


@dataclass(frozen=True)
class _Asked:
    """A classifier's recipe as `preflight` asks it; see `preflight.Plan`."""

    sequences: tuple[str, ...]
    task: str = "classification"
    exclude: tuple[str, ...] = ()


def refuse_bad_cases(
    recipe: ClassificationRecipe,
    cases: Sequence[TrainingCase],
    looked: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Refuse cases that the recipe cannot be trained on, every fault by name, in one refusal.

    Parameters
    ----------
    recipe : ClassificationRecipe
    cases : sequence of TrainingCase
    looked : callable
        See `preflight`.

    Raises
    ------
    BadInput
        See `preflight`; or the table of labels will not do. Where the class follows from a
        part of the tumour, masks must tell its
        parts apart; where the whole tumour will do, masks of 0 and 1 do too; where the recipe
        asks for no mask, none is looked at.
    """
    if recipe.labels is not None:  # in a moment, and not after every image
        read_labels_csv(recipe.labels, recipe.classes)
    needs_mask = recipe.input.needs_mask or recipe.derived is not None
    there = {key for case in cases for key in case.sequences}
    channels = [
        one
        for one in recipe.input.channels
        if one.name != VOLUME and (one.required or one.name in there)
    ]
    preflight(
        _Asked(tuple(one.name for one in channels)),
        cases if needs_mask else [replace(case, mask=None) for case in cases],
        (),
        may_lack={one.name for one in channels if not one.required},
        needs_mask=needs_mask,
        tissues=recipe.derived is not None and recipe.derived.region != "WT",
        # A table beside the recipe has its own words on a case that it does not name.
        classes=recipe.derived is None and recipe.labels is None,
        looked=looked,
    )
