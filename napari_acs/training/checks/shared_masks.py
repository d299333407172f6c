"""One mask for two patients: a wrong row of a table, or one case twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from napari_acs.errors import BadInput
from napari_acs.training.checks.content import content_hash, content_key
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.same_patient import patient_key


def shared_mask_faults(
    cases: Sequence[TrainingCase], values: Mapping[str, frozenset[int]]
) -> list[BadInput]:
    """Return a refusal for each case whose mask is, byte for byte, that of another patient.

    Parameters
    ----------
    cases : sequence of TrainingCase
    values : mapping of str to frozenset of int
        Of the cases whose masks could be read, by name; masks that mark nothing are all alike.
    """
    alike: dict[object, list[TrainingCase]] = defaultdict(list)
    for case in cases:
        if case.mask is not None and values.get(case.name):
            alike[content_key(case.mask)].append(case)
    faults = []
    for same in alike.values():
        first: dict[bytes, TrainingCase] = {}
        for case in same if len(same) > 1 else ():
            assert case.mask is not None
            other = first.setdefault(content_hash(case.mask), case)
            if patient_key(other.patient) != patient_key(case.patient):
                faults.append(
                    BadInput(
                        f"The cases {other.name} and {case.name} have one mask",
                        found=f"the same content in {other.mask} and {case.mask}",
                        expected="a mask of its own for each patient",
                        do="Correct its place, leave one of the cases out, or say that they are "
                        "of one patient",
                    )
                )
    return faults
