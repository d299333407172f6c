"""The folders that a user names, and which of their cases serve for what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.models.spec import BundleSpec
from napari_acs.training.finetune.reviewed import patients_in
from napari_acs.training.finetune.split import Split, split_cases
from napari_acs.training.layouts.labelled import AnyCase, find_labelled
from napari_acs.training.layouts.patients import names_of_other_years, patient_of
from napari_acs.training.layouts.read import Labelled


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

    Who a case is of, its folder's table says where there is one (`patients_in`), then its layout
    (a CSV's ``patient``, BIDS's ``sub-``, the ``name_mapping.csv`` of BraTS 2020), else its name.
    Of the ``judged`` folders those cases count that the parent's ``model.json`` names as its
    validation; where it names none that is there, all of them.

    Raises
    ------
    BadInput
        If a folder holds no case, or no split can be made.
    """
    apart = judged_names(parent)
    learned, others, old = (_below(roots) for roots in (corrected, rehearse, judged))
    said = patients_in((*corrected, *rehearse, *judged))
    patients = _told((*learned, *others, *old)) | said
    return split_cases(
        learned,
        named=named,
        share=share,
        rehearsed=others,
        judged=[case for case in old if case.name in apart] or old,
        apart=apart,
        patients=patients,
        seed=seed,
    )


def _told(cases: Sequence[AnyCase]) -> dict[str, str]:
    """Return the patient of each case whose layout, or BraTS 2020's table of names, says so."""
    told = {case.name: case.case.patient for case in cases if isinstance(case, Labelled)}
    for place in dict.fromkeys(case.parent for case in cases if isinstance(case, Path)):
        for name, (older, _) in names_of_other_years(place).items():
            told.setdefault(name, patient_of(older))
    return told


def _below(roots: Sequence[Path]) -> list[AnyCase]:
    """Return the cases of all roots; each root must hold one, and no name may come twice."""
    cases = [case for root in roots for case in find_labelled([root])]
    names = [case.name for case in cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"Two folders are called {twice[0]}", do="Give each case once only")
    return cases


def judged_names(parent: BundleSpec) -> tuple[str, ...]:
    """Return the names of the cases that a bundle says it was judged on."""
    recipe, cases = parent.training.get("recipe"), parent.metrics.get("cases")
    validation = recipe.get("validation") if isinstance(recipe, dict) else None
    names = [*(validation or ()), *(cases if isinstance(cases, dict) else ())]
    return tuple(dict.fromkeys(str(name) for name in names))
