"""The files of one case: its sequences, its mask, and whether they fit each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES, Grid
from napari_acs.training.checks.labels import read_values
from napari_acs.training.checks.together import of_case
from napari_acs.training.checks.twice import twice_faults
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.frames import count_frames
from napari_acs.training.layouts.read import mask_reference, read_grids, too_few_frames


@dataclass(frozen=True)
class Looked:
    """What was seen in one case: its faults, and its mask's values where they could be read.

    ``grids`` are those of the sequences that are files, empty where one could not be read.
    """

    faults: tuple[BadInput, ...]
    values: frozenset[int] | None
    grids: Mapping[str, Grid] = field(default_factory=dict)


def look_at(
    case: TrainingCase,
    sequences: Sequence[str],
    may_lack: Collection[str],
    *,
    needs_mask: bool,
) -> Looked:
    """Look at the files of a case: every image once, for damage and NaN, and the mask.

    Parameters
    ----------
    case : TrainingCase
    sequences : sequence of str
        That the recipe trains on.
    may_lack : collection of str
        Those that a case may do without.
    needs_mask : bool
        Whether a case without mask is a fault.
    """
    faults: list[BadInput] = []
    lacking = [key for key in sequences if key not in case.sequences and key not in may_lack]
    if lacking or not case.sequences:
        faults.append(_lacks(case, lacking or sequences))
    values = None
    grids = None
    try:
        grids = read_grids(case)
        _check_frames(case)
        faults += twice_faults(case)
    except BadInput as fault:
        faults.append(of_case(case.name, fault))
    if case.mask is None:
        if needs_mask:
            faults.append(
                BadInput(
                    f"The case {case.name} has no mask",
                    expected="its reference segmentation",
                    do="Add it, or leave the case out",
                )
            )
        return Looked(tuple(faults), None, grids or {})
    try:
        values = read_values(case)
        if grids:
            mask_reference(case.mask, grids)
    except BadInput as fault:
        faults.append(of_case(case.name, fault))
    return Looked(tuple(faults), values, grids or {})


def _check_frames(case: TrainingCase) -> None:
    for path in set(case.sequences.values()) if case.frames else ():
        count = count_frames(path)
        if count <= max(case.frames.values()):
            raise too_few_frames(path, count, case)


def _lacks(case: TrainingCase, keys: Sequence[str]) -> BadInput:
    there = ", ".join(TITLES[key] for key in case.sequences) or "no sequence"
    return BadInput(
        f"The case {case.name} lacks {', '.join(TITLES.get(key, key) for key in keys)}",
        found=there,
        expected="every sequence of the recipe",
        do="Add what is missing, leave the case out, or train without that sequence",
    )
