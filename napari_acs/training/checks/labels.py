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
from napari_acs.imaging.bids import is_bids
from napari_acs.inference.label_scheme import unknown_labels
from napari_acs.training.checks.together import refuse
from napari_acs.training.layouts.case import TrainingCase

_SCHEMES = "0, 1, 2, 4 or 0, 1, 2, 3"
_KNOWN = frozenset((1, 2, 3, 4))
_ENHANCING = frozenset((3, 4))
"""In every scheme of BraTS one of these, or both, is enhancing tumour."""


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
    to_learn: bool = True,
    tissues: bool = True,
) -> list[BadInput]:
    """Return what is wrong with the values of masks.

    Parameters
    ----------
    cases : sequence of TrainingCase
    values : mapping of str to frozenset of int
        Of the cases whose masks could be read, by name.
    to_learn : bool
        Whether a network is to learn from them. Masks that only judge may all be empty, and lack
        a tissue in what they show; see `cautions`.
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
            known, expected = _KNOWN, _SCHEMES
        if not found <= known:
            faults.append(unknown_labels(str(case.mask), sorted({0, *found}), expected))
    for root, members in by_root.items() if tissues else ():
        faults += _mixed(members, values)
        told_by = _not_told_apart(root, members, values)
        if told_by is not None and (to_learn or not _may_judge(members, values)):
            faults.append(told_by)
    if to_learn and read and not any(values[case.name] for case in read):
        faults.append(
            BadInput(
                f"No mask marks any tumour, of {len(read)}",
                found=f"0 in every voxel of {_named(read)}",
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


def cautions(
    cases: Sequence[TrainingCase], values: Mapping[str, frozenset[int]]
) -> tuple[str, ...]:
    """Return what must be said of masks that judge, though they are not refused.

    Parameters
    ----------
    cases, values
        As for `label_faults`, which found nothing with ``to_learn=False``.
    """
    by_root: dict[Path, list[TrainingCase]] = defaultdict(list)
    for case in cases:
        if case.scheme is None and case.name in values:
            by_root[case.root].append(case)
    found = (_not_told_apart(root, members, values) for root, members in by_root.items())
    return tuple(
        f"{fault.what} (found {fault.found}): unless the tumours have no other part, only WT is "
        f"judged rightly. {fault.do}"
        for fault in found
        if fault is not None
    )


def _mixed(cases: Sequence[TrainingCase], values: Mapping[str, frozenset[int]]) -> list[BadInput]:
    """Return each mask whose 3 is not clear, in a data set that does not say what labels mean."""
    with_four = next((case for case in cases if 4 in values[case.name]), None)
    if with_four is None:
        return []
    three = [case for case in cases if 3 in values[case.name] and 4 not in values[case.name]]
    return [
        BadInput(
            f"What 3 means in {case.mask} is not clear",
            found=f"no 4 there, but in {with_four.name} of the same data set",
            expected="masks of one scheme: 4 is enhancing tumour in all of a data set, or in none",
            do=f"{_how_to_say(case)}, or put the cases of each scheme into a folder of their own",
        )
        for case in three
    ]


def _not_told_apart(
    root: Path, cases: Sequence[TrainingCase], values: Mapping[str, frozenset[int]]
) -> BadInput | None:
    """Return why the masks of a data set that does not say so leave open what is what."""
    used = frozenset[int]().union(*(values[case.name] for case in cases))
    if not used or not used <= _KNOWN:  # an unknown value is a fault of its own
        return None
    say = _how_to_say(cases[0])
    count = f"{len(cases)} mask{'s' if len(cases) > 1 else ''}"
    if len(used) == 1:
        return BadInput(
            f"The masks of {root} do not tell oedema, core and enhancing tumour apart",
            found=f"only 0 and {min(used)} in {count}",
            expected=_SCHEMES,
            do=f"Use masks with these parts. {say}",
        )
    if not used & _ENHANCING:
        return BadInput(
            f"The masks of {root} mark no enhancing tumour, or call it otherwise than BraTS",
            found=f"only {', '.join(map(str, sorted({0, *used})))} in {count}",
            expected=_SCHEMES,
            do=f"{say}, also where truly nothing enhances",
        )
    if 4 not in used and _of_bids(cases[0]):
        return BadInput(
            f"What the labels in the masks of {root} mean is not said",
            found=f"{', '.join(map(str, sorted({0, *used})))} in {count}, where 1 is the core in "
            "BraTS, and oedema in the Decathlon",
            expected="the table of labels that BIDS wants",
            do=say,
        )
    return None


def _may_judge(cases: Sequence[TrainingCase], values: Mapping[str, frozenset[int]]) -> bool:
    """Whether masks that leave open what is what may still be what one sees of real tumours.

    One tumour may have one tissue, and several may all not enhance. That several have the same
    single tissue is a mask of another kind.
    """
    used = frozenset[int]().union(*(values[case.name] for case in cases))
    marked = sum(bool(values[case.name]) for case in cases)
    return marked == 1 or len(used) > 1


def _how_to_say(case: TrainingCase) -> str:
    if _of_bids(case):
        return "Say what the values mean in a dseg.tsv (columns index and name) in its top folder"
    return "Say what the values mean under labels in a dataset.json beside the cases"


def _of_bids(case: TrainingCase) -> bool:
    """Whether a case was found by the names of BIDS: such a case has no folder of its own."""
    return case.folder is None and case.root.is_dir() and is_bids(case.root)


def _named(cases: Sequence[TrainingCase]) -> str:
    names = ", ".join(case.name for case in cases[:5])
    return f"{names}, ..." if len(cases) > 5 else names
