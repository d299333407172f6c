"""The DICOM studies of a folder, each with the folder that holds it and no other."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom import scan
from napari_acs.imaging.dicom.patient import patient_id
from napari_acs.review.session.sources import Source


def dicom_sources(folder: Path, cancelled: Callable[[], bool]) -> list[Source]:
    """Return the studies that a folder and its subfolders hold.

    Raises
    ------
    BadInput
        No image, or files of two studies in one folder: a session could not reopen one of them.
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
    masks: dict[str, list[Path]] = {}
    for mask in found.segmentations:
        masks.setdefault(mask.study_uid, []).append(mask.file)
    return [
        Source(
            folder if len(files) == 1 else homes[uid],
            uid,
            tuple(dict.fromkeys(paths)),
            mask=masks[uid][0] if len(masks.get(uid, ())) == 1 else None,
            patient=patient_id(paths[0]),
            uid=uid,
            date=min((s.date for s in found.series if s.study_uid == uid and s.date), default=""),
        )
        for uid, paths in sorted(files.items(), key=lambda pair: str(homes[pair[0]]))
    ]


def _home(files: list[Path]) -> Path:
    return Path(os.path.commonpath([str(file.parent) for file in files]))
