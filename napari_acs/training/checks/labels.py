"""What the values of all masks say together.

A mask alone may be read in two ways: 3 is enhancing tumour since BraTS 2023, and non-enhancing
core in BraTS 2013, where a tumour that does not enhance has no 4 to tell. The masks of a data set
follow one scheme, so they are looked at together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import read_labels
from napari_acs.inference.label_scheme import unknown_labels
from napari_acs.training.checks.together import refuse
from napari_acs.training.layouts.case import TrainingCase

_SAY = "Say what the values mean under labels in a dataset.json beside the cases"


def read_values(case: TrainingCase) -> frozenset[int]:
    """Return the values of a case's mask, without 0.

    Raises
    ------
    BadInput
        The mask cannot be read, or is no label map.
    """
    assert case.mask is not None
    return frozenset(np.unique(read_labels(case.mask).array).tolist()) - {0}


def label_faults(
    cases: Sequence[TrainingCase],
    values: Mapping[str, frozenset[int]],
    *,
    tissues: bool = True,
) -> list[BadInput]:
    """Return what is wrong with the values of masks.

    Parameters
    ----------
    cases : sequence of TrainingCase
    values : mapping of str to frozenset of int
        Of the cases whose masks could be read, by name.
    tissues : bool
        Whether the parts of a tumour must be told apart; otherwise any value of a scheme will do.
    """
    read = [case for case in cases if case.name in values]
    faults: list[BadInput] = []
    by_root: dict[Path, list[TrainingCase]] = defaultdict(list)
    for case in read:
        assert case.mask is not None
        found = values[case.name]
        if case.scheme is not None:
            known = case.scheme.whole | case.scheme.outside
            expected = ", ".join(map(str, sorted({0, *known})))
        else:
            by_root[case.root].append(case)
            known, expected = frozenset(range(1, 5)), "0, 1, 2, 4 or 0, 1, 2, 3"
        if not found <= known:
            faults.append(unknown_labels(str(case.mask), sorted({0, *found}), expected))
    for root, members in by_root.items() if tissues else ():
        faults += _unclear(root, members, values)
    if read and not any(values[case.name] for case in read):
        faults.append(
            BadInput(
                f"No mask marks any tumour, of {len(read)}",
                found="0 in every voxel",
                expected="the reference segmentations",
                do="Check that these are the right masks",
            )
        )
    return faults


def check_labels(cases: Sequence[TrainingCase]) -> None:
    """Read every mask and refuse what `label_faults` finds.

    Raises
    ------
    BadInput
        See `label_faults`.
    """
    refuse(label_faults(cases, {case.name: read_values(case) for case in cases}))


def _unclear(
    root: Path, cases: Sequence[TrainingCase], values: Mapping[str, frozenset[int]]
) -> list[BadInput]:
    """Look at a data set that does not say what its labels mean."""
    used = frozenset().union(*(values[case.name] for case in cases))
    if used == {1}:
        return [
            BadInput(
                f"The masks of {root} do not tell oedema, core and enhancing tumour apart",
                found=f"only 0 and 1 in {len(cases)} masks",
                expected="0, 1, 2, 4 or 0, 1, 2, 3",
                do=f"Use masks with these parts. {_SAY}",
            )
        ]
    with_four = next((case for case in cases if 4 in values[case.name]), None)
    three = [case for case in cases if 3 in values[case.name] and 4 not in values[case.name]]
    if with_four is None:
        return []
    return [
        BadInput(
            f"What 3 means in {case.mask} is not clear",
            found=f"no 4 there, but in {with_four.name} of the same data set",
            expected="masks of one scheme: 4 is enhancing tumour in all of a data set, or in none",
            do=f"{_SAY}, or put the cases of each scheme into a folder of their own",
        )
        for case in three
    ]
