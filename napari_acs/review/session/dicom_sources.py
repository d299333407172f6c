"""The DICOM studies of a folder, each with the folder that holds it and no other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom import scan
from napari_acs.imaging.dicom.patient import patient_id
from napari_acs.imaging.dicom.series import SegmentationFile
from napari_acs.review.session.sources import Source


def dicom_sources(
    folder: Path, cancelled: Callable[[], bool], *, mask_is_named: bool = False
) -> list[Source]:
    """Return the studies that a folder and its subfolders hold.

    Parameters
    ----------
    folder : Path
    cancelled : callable
    mask_is_named : bool
        A table says which mask is meant: how many the folder holds does not matter.

    Raises
    ------
    BadInput
        No image, or files of two studies in one folder: a session could not reopen one of them;
        or several masks of one study.
    """
    found = scan(folder, cancelled=cancelled)
    files: dict[str, list[Path]] = {}
    for series in found.series:
        files.setdefault(series.study_uid, []).extend(series.files)
    if not files:
        raise BadInput(
            "No DICOM image was found",
            found=f"{found.others} other DICOM file(s)",
            expected="the images of an MRI study",
        )
    homes = {uid: _home(paths) for uid, paths in files.items()}
    for uid, home in homes.items():
        shared = [other for other in homes if other != uid and homes[other].is_relative_to(home)]
        if shared:
            raise BadInput(
                "Several DICOM studies lie in one folder",
                found=f"{len(shared) + 1} of them",
                expected="a folder for each",
                do="Sort them into folders (one a StudyInstanceUID), and try again",
            )
    masks: dict[str, list[SegmentationFile]] = {}
    for mask in found.segmentations:
        masks.setdefault(mask.study_uid, []).append(mask)
    return [
        Source(
            folder if len(files) == 1 else homes[uid],
            uid,
            tuple(dict.fromkeys(paths)),
            mask=None if mask_is_named else _mask_of(masks.get(uid, ()), folder),
            patient=patient_id(paths[0]),
            uid=uid,
            date=min((s.date for s in found.series if s.study_uid == uid and s.date), default=""),
        )
        for uid, paths in sorted(files.items(), key=lambda pair: str(homes[pair[0]]))
    ]


def _mask_of(masks: Sequence[SegmentationFile], folder: Path) -> Path | None:
    """Return the one mask of a study: a segmentation before structure sets, which have no voxels.

    Which of several readers, models or structures is meant nobody can tell from the files; a study
    must not come without its mask in silence.
    """
    voxels = [mask for mask in masks if mask.kind == "SEG"]
    best = voxels or list(masks)
    if len(best) > 1:
        raise BadInput(
            f"A DICOM study in {folder} holds several masks",
            found=", ".join(str(mask.file.relative_to(folder)) for mask in best[:4]),
            expected="one (a segmentation counts before structure sets)",
            do="Name study and mask in a CSV, - for no mask",
        )
    return best[0].file if best else None


def _home(files: list[Path]) -> Path:
    return Path(os.path.commonpath([str(file.parent) for file in files]))
