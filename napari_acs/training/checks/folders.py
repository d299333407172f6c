"""The cases of a fine-tune or an evaluation: their labels, and whether mask and images fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Volume, find_sequences, guess_sequence, read_grid
from napari_acs.imaging.names import is_image_name
from napari_acs.imaging.registration.align import choose_reference
from napari_acs.inference.reference import FolderCase, another_grid
from napari_acs.training.checks.files import look_at
from napari_acs.training.checks.labels import cautions, label_faults
from napari_acs.training.checks.together import of_case, refuse
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.labelled import AnyCase

_STUDY = "study"
"""Stands for the sequences of a folder whose files do not say which is which."""


def refuse_for_learning(*groups: Sequence[AnyCase], required: Collection[str] = ()) -> None:
    """Refuse cases as training does, before anything is computed.

    Parameters
    ----------
    *groups : sequence of Path or Labelled
        Case folders, or cases of other layouts; the masks of each group must mark something, if
        there are any.
    required : collection of str
        Sequences that every case must have.

    Raises
    ------
    BadInput
        See `label_faults`; a sequence that is missing, a file that is damaged, a mask on another
        grid. Every fault of all groups, in one refusal.
    """
    refuse([fault for group in groups for fault in _looked(group, required, to_learn=True)[0]])


def refuse_for_judging(cases: Sequence[AnyCase], required: Collection[str] = ()) -> tuple[str, ...]:
    """Refuse cases that cannot judge; return what must be said of those that can.

    Parameters
    ----------
    cases, required
        As for `refuse_for_learning`.

    Raises
    ------
    BadInput
        A mask cannot be read, its values are unknown or unclear, or several masks all hold the
        same single value, which cannot tell WT, TC and ET apart; or see `refuse_for_learning`.
    """
    faults, said = _looked(cases, required, to_learn=False)
    refuse(faults)
    return said


def training_case(case: AnyCase) -> TrainingCase:
    """Return a case as the checks and the hash of training see it.

    It is called by its whole path, as two cases of an evaluation may have one name. Where no
    file's name in a folder says a sequence (DICOM), all of the folder stands for one.

    Raises
    ------
    BadInput
        There is not one mask, its values are not clear, or two files claim one sequence.
    """
    if not isinstance(case, Path):
        return replace(case.case, name=f"{case.case.root}/{case.name}")
    folder, found = case, FolderCase(case)
    named = any(guess_sequence(entry.name) for entry in folder.iterdir() if _is_image(entry))
    return TrainingCase(
        str(folder),
        "",
        folder.parent,
        sequences=find_sequences(folder) if named else {_STUDY: folder},
        folder=folder,
        mask=found.mask,
        scheme=found.scheme,
    )


def _looked(
    given: Sequence[AnyCase], required: Collection[str], *, to_learn: bool
) -> tuple[list[BadInput], tuple[str, ...]]:
    faults: list[BadInput] = []
    cases, values = [], {}
    for one in given:
        try:
            case = training_case(one)
            _refuse_nameless(case)
        except BadInput as fault:
            faults.append(of_case(one.name, fault))
            continue
        # What DICOM holds is told by reading all of it, which preparing does.
        asked = () if _STUDY in case.sequences else tuple(required)
        looked = look_at(case, asked, (), needs_mask=True)
        faults += looked.faults
        if isinstance(one, Path) and not looked.faults:
            faults += _beside_the_study(case, looked.grids)
        if looked.values is not None:
            cases.append(case)
            values[case.name] = looked.values
    faults += label_faults(cases, values, to_learn=to_learn)
    return faults, cautions(cases, values)


def _beside_the_study(case: TrainingCase, grids: Mapping[str, Grid]) -> list[BadInput]:
    """Return a fault where a mask is on a sequence's grid that is not the study's."""
    if case.mask is None or not grids:
        return []
    # Only where they are is asked of them.
    placed = {key: Volume(np.broadcast_to(np.uint8(0), g.shape), g) for key, g in grids.items()}
    difference = grids[choose_reference(placed)].difference(read_grid(case.mask))
    return [of_case(case.name, another_grid(case.mask, difference))] if difference else []


def _is_image(path: Path) -> bool:
    return is_image_name(path.name)


def _refuse_nameless(case: TrainingCase) -> None:
    """Refuse images without a telling name now, and not when the case's turn comes."""
    folder = case.sequences.get(_STUDY)
    inside = list(folder.iterdir()) if folder is not None else []
    if inside and all(entry.is_file() and is_image_name(entry.name) for entry in inside):
        raise BadInput(
            f"{folder} holds no MRI sequence",
            found=", ".join(sorted(entry.name for entry in inside)),
            expected="files named by their sequence (t1, t1ce, t2, flair) beside the mask",
            do="Add the images, or leave the case out (--cases)",
        )
