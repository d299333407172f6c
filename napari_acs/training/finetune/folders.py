"""The folders that a user names, and which of their cases serve for what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_acs.models.spec import BundleSpec
from napari_acs.training.finetune.reviewed import patients_in
from napari_acs.training.finetune.split import Split, split_cases
from napari_acs.training.prepare import cases_below


def gather(
    parent: BundleSpec,
    corrected: Sequence[Path],
    *,
    rehearse: Sequence[Path] = (),
    judged: Sequence[Path] = (),
    named: Sequence[str] = (),
    share: float = 0.3,
    seed: int = 0,
) -> Split:
    """Find the cases below the folders and split them, see `split_cases`.

    Who a case is of, its folder's table says where there is one (`patients_in`), else its name.
    Of the ``judged`` folders those cases count that the parent's ``model.json`` names as its
    validation; where it names none that is there, all of them.

    Raises
    ------
    BadInput
        If a folder holds no case, or no split can be made.
    """
    apart = judged_names(parent)
    patients = patients_in((*corrected, *rehearse, *judged))
    old = cases_below(judged) if judged else []
    return split_cases(
        cases_below(corrected),
        named=named,
        share=share,
        rehearsed=cases_below(rehearse) if rehearse else (),
        judged=[case for case in old if case.name in apart] or old,
        apart=apart,
        patients=patients,
        seed=seed,
    )


def judged_names(parent: BundleSpec) -> tuple[str, ...]:
    """Return the names of the cases that a bundle says it was judged on."""
    recipe, cases = parent.training.get("recipe"), parent.metrics.get("cases")
    validation = recipe.get("validation") if isinstance(recipe, dict) else None
    names = [*(validation or ()), *(cases if isinstance(cases, dict) else ())]
    return tuple(dict.fromkeys(str(name) for name in names))
