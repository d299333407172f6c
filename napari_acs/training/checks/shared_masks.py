"""One file as the mask of two patients: a wrong row of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.same_patient import patient_key


def shared_mask_faults(
    cases: Sequence[TrainingCase], values: Mapping[str, frozenset[int]]
) -> list[BadInput]:
    """Return a refusal for each case whose mask is the file of another patient's.

    Parameters
    ----------
    cases : sequence of TrainingCase
    values : mapping of str to frozenset of int
        Of the cases whose masks could be read, by name. One that marks nothing may be shared.
    """
    first: dict[Path, TrainingCase] = {}
    faults = []
    for case in cases:
        if case.mask is None or not values.get(case.name):
            continue
        other = first.setdefault(case.mask.resolve(), case)
        if patient_key(other.patient) != patient_key(case.patient):
            faults.append(
                BadInput(
                    f"The cases {other.name} and {case.name} have one mask",
                    found=str(case.mask),
                    expected="a mask of its own for each patient",
                    do="Correct its place, leave one of the cases out, or say that they are of one "
                    "patient",
                )
            )
    return faults
