"""Folders with images beside the cases that a layout takes for no case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.preamble import is_dicom_path
from napari_acs.imaging.names import is_image_name
from napari_acs.inference.reference import GRADES
from napari_acs.training.layouts.brats import is_case
from napari_acs.training.layouts.case import TrainingCase

_SHOWN = 3


def passed_over_faults(
    cases: Sequence[TrainingCase], exclude: Collection[str] = ()
) -> list[BadInput]:
    """Return a refusal for each folder that holds images and that the layout passes over.

    Where each case has a folder of its own (BraTS), a folder whose files are named otherwise would
    be left out in silence.

    Parameters
    ----------
    cases : sequence of TrainingCase
        All that were found.
    exclude : collection of str
        Names of folders that are left out on purpose.
    """
    faults: list[BadInput] = []
    for root in dict.fromkeys(case.root for case in cases if case.folder is not None):
        grades = [root / grade for grade in GRADES if (root / grade).is_dir()]
        for place in dict.fromkeys((root, *grades)):
            elsewhere = grades if place == root else []
            for folder in sorted(path for path in place.iterdir() if path.is_dir()):
                left_out = folder.name in exclude or folder.name.startswith(".")
                if left_out or folder in grades or (is_case(folder) and not elsewhere):
                    continue
                images = sorted(path for path in folder.rglob("*") if is_image_name(path.name))
                if images:
                    faults.append(_passed_over(folder, images, elsewhere))
                elif is_dicom_path(folder):
                    faults.append(_dicom(folder))
    return faults


def _dicom(folder: Path) -> BadInput:
    return BadInput(
        f"{folder} is taken for no case",
        found="DICOM, and no mask",
        expected="NIfTI, NRRD or MetaImage files, named as NAME_t1, _t1ce, _t2, _flair and _seg",
        do="Give such cases by a CSV, whose fields may name a folder of DICOM and a mask; or leave "
        "the folder out (exclude in a segmentation recipe)",
    )


def _passed_over(folder: Path, images: Sequence[Path], grades: Sequence[Path]) -> BadInput:
    names = ", ".join(path.relative_to(folder).as_posix() for path in images[:_SHOWN])
    elsewhere = " and ".join(grade.name for grade in grades)
    expected = "images and a mask in it, named as NAME_t1, _t1ce, _t2, _flair and _seg"
    return BadInput(
        f"{folder} is taken for no case",
        found=f"images in it: {names}{', ...' if len(images) > _SHOWN else ''}",
        expected=f"all cases in {elsewhere}, which is beside it" if elsewhere else expected,
        do="Rename or move them, or leave the folder out (exclude in a segmentation recipe)",
    )
