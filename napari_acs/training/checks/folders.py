"""The masks of folders of cases, as a fine-tune and an evaluation take them: their labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging import find_sequences, guess_sequence
from napari_acs.imaging.names import is_image_name
from napari_acs.inference.reference import FolderCase
from napari_acs.training.checks.labels import cautions, label_faults, read_values
from napari_acs.training.checks.together import of_case, refuse
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.read import mask_reference, read_grids


def refuse_for_learning(*groups: Sequence[Path]) -> None:
    """Refuse the masks of case folders, as training does, before anything is computed.

    Parameters
    ----------
    *groups : sequence of Path
        Case folders; the masks of each group must mark something, if there are any.

    Raises
    ------
    BadInput
        See `label_faults`; every fault of all groups, in one refusal.
    """
    refuse([fault for group in groups for fault in _looked(group, to_learn=True)[0]])


def refuse_for_judging(folders: Sequence[Path]) -> tuple[str, ...]:
    """Refuse masks that cannot judge; return what must be said of those that can.

    Raises
    ------
    BadInput
        A mask cannot be read, its values are unknown or unclear, or several masks all hold the
        same single value, which cannot tell WT, TC and ET apart; or a case has no image that its
        name tells, a damaged one, or a mask on another grid. All such cases are named at once.
    """
    faults, said = _looked(folders, to_learn=False)
    refuse(faults)
    return said


def training_case(folder: Path) -> TrainingCase:
    """Return a case folder as the checks and the hash of training see it.

    It is called by its whole path, as two folders of an evaluation may have one name. Where no
    file's name says a sequence (DICOM), all of the folder stands for one.

    Raises
    ------
    BadInput
        There is not one mask, its values are not clear, or two files claim one sequence.
    """
    case = FolderCase(folder)
    images = (entry.name for entry in folder.iterdir() if is_image_name(entry.name))
    named = any(map(guess_sequence, images))
    return TrainingCase(
        str(folder),
        "",
        folder.parent,
        sequences=find_sequences(folder) if named else {"study": folder},
        folder=folder,
        mask=case.mask,
        scheme=case.scheme,
    )


def _looked(folders: Sequence[Path], *, to_learn: bool) -> tuple[list[BadInput], tuple[str, ...]]:
    faults: list[BadInput] = []
    cases, values = [], {}
    for folder in folders:
        try:
            case = training_case(folder)
            values[case.name] = read_values(case)
            _refuse_unfit(case)
        except BadInput as fault:
            faults.append(of_case(folder.name, fault))
        else:
            cases.append(case)
    faults += label_faults(cases, values, to_learn=to_learn)
    return faults, cautions(cases, values)


def _refuse_unfit(case: TrainingCase) -> None:
    """Refuse now what would end the work when its turn comes, with all that was done before it.

    Images without a telling name, damaged ones, and a mask that lies on the grid of none of them.
    DICOM is not looked at: that takes as long as reading it.
    """
    assert case.folder is not None
    assert case.mask is not None
    if case.sequences == {"study": case.folder}:
        inside = list(case.folder.iterdir())
        if all(entry.is_file() and is_image_name(entry.name) for entry in inside):
            raise BadInput(
                f"{case.folder} holds no MRI sequence",
                found=", ".join(sorted(entry.name for entry in inside)),
                expected="files named by their sequence (t1, t1ce, t2, flair) beside the mask",
                do="Add the images, or leave the case out (--cases)",
            )
        return
    mask_reference(case.mask, read_grids(case))
