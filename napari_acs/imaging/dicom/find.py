"""Find the image series in a folder, beside a file, or in a zip archive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from os import PathLike, fspath
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.imaging.dicom.archive import unpack
from napari_acs.imaging.dicom.group import group
from napari_acs.imaging.dicom.header import SEGMENTATIONS, Header, read_header
from napari_acs.imaging.dicom.series import Found, SegmentationFile, Series

Progress = Callable[[int, int], None]


def find_series(
    path: str | PathLike[str],
    *,
    unpack_to: Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = never,
) -> tuple[Series, ...]:
    """Find the image series that ``path`` holds; see `scan`, which finds segmentations too.

    Raises
    ------
    BadInput
        As `scan`; and when no image is there.
    """
    found = scan(path, unpack_to=unpack_to, progress=progress, cancelled=cancelled)
    if not found.series:
        raise BadInput(
            "no DICOM image was found",
            found=f"{len(found.segmentations)} segmentation(s), {found.others} other DICOM file(s)",
            expected="the images of an MRI study",
            do="Choose the folder that holds the series",
        )
    return found.series


def scan(
    path: str | PathLike[str],
    *,
    unpack_to: Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = never,
) -> Found:
    """Find what DICOM ``path`` holds, by the headers alone.

    Parameters
    ----------
    path : path
        A folder (its subfolders are searched as well), one DICOM file (then the study it
        belongs to, as far as it lies in the same folder), or a ``.zip`` of DICOM files. Files
        are told by their content: the suffix does not count.
    unpack_to : Path, optional
        An existing folder for the files of a ``.zip``; the caller removes it after the last
        `read_series`. Use ``unpacked(path)`` where a ``with`` block can hold it.
    progress : callable, optional
        Called with the files done and their number.
    cancelled : callable
        Asked before each file.

    Raises
    ------
    BadInput
        The path is missing, cannot be read, or is a file that is no DICOM; an unsafe archive.
    ValueError
        A ``.zip`` without ``unpack_to``.
    Cancelled
        ``cancelled`` said so.
    """
    path = Path(fspath(path))
    if not path.exists():
        raise BadInput(
            "the chosen folder or file is not there", expected="DICOM files", do="Check the path"
        )
    if path.is_file() and path.suffix.lower() == ".zip":
        if unpack_to is None:
            raise ValueError("a .zip needs unpack_to, a folder for its files")
        unpack(path, unpack_to, cancelled=cancelled)
        path = unpack_to
    if path.is_file():
        return _beside(path, progress, cancelled)
    return _found(_headers(list(_files(path, cancelled)), progress, cancelled))


def _beside(file: Path, progress: Progress | None, cancelled: Callable[[], bool]) -> Found:
    try:
        chosen = read_header(file)
        files = sorted(entry for entry in file.parent.iterdir() if entry.is_file())
    except OSError as error:
        raise _unreadable(error) from None
    if chosen is None:
        raise BadInput(
            "the chosen file is no DICOM image",
            found="no DICOM header, or a damaged one",
            expected="a DICOM file",
            do="Choose another file, or the folder of the series",
        )
    same = (h for h in _headers(files, progress, cancelled) if h.study_uid == chosen.study_uid)
    found = _found(same)
    # The series that was chosen comes first.
    ranked = sorted(found.series, key=lambda series: series.uid != chosen.series_uid)
    return Found(tuple(ranked), found.segmentations, found.others)


def _files(folder: Path, cancelled: Callable[[], bool]) -> Iterator[Path]:
    def failed(error: OSError) -> None:
        if error.filename == str(folder):
            raise _unreadable(error)

    for where, folders, names in os.walk(folder, onerror=failed):
        stop_if(cancelled)
        folders.sort()
        for name in sorted(names):
            file = Path(where, name)
            if file.is_file():  # not a pipe or a device, which would wait for ever
                yield file


def _headers(
    files: list[Path], progress: Progress | None, cancelled: Callable[[], bool]
) -> Iterator[Header]:
    for done, file in enumerate(files, 1):
        stop_if(cancelled)
        try:
            header = read_header(file)
        except OSError:  # one file that may not be read hides no other
            header = None
        if header is not None:
            yield header
        if progress:
            progress(done, len(files))


def _found(headers: Iterator[Header]) -> Found:
    images, masks, others = [], [], 0
    for header in headers:
        if header.sop_class in SEGMENTATIONS:
            masks.append(
                SegmentationFile(
                    file=header.file,
                    kind=SEGMENTATIONS[header.sop_class],
                    uid=header.uid,
                    study_uid=header.study_uid,
                    references=header.references,
                    tags=header.tags,
                )
            )
        elif header.frames:
            images.append(header)
        else:
            others += 1
    return Found(group(images), tuple(masks), others)


def _unreadable(error: OSError) -> BadInput:
    return BadInput(
        "the chosen folder or file cannot be read",
        found=error.strerror or "an error of the file system",
        do="Check its permissions",
    )
