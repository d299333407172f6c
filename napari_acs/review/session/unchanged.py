"""Whether a case's images are still those that the session was made of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.imaging.dicom.patient import study_uid
from napari_acs.imaging.dicom.preamble import begins_as_dicom
from napari_acs.imaging.find import nameless_images
from napari_acs.imaging.pseudonym import files_key, study_key
from napari_acs.review.session.locate import find_file, study_files, study_paths

if TYPE_CHECKING:
    from napari_acs.review.session.state import Case, SessionState

OTHER_IMAGES = (
    "The images of this case are not those that the session was made of: another file has taken "
    "the place of one. A mask that was drawn before was drawn on others."
)
OTHER_MASK = (
    "The mask that came with this case, or one of its images, is not the file that the session was "
    "made of."
)
_PSEUDONYM = re.compile("study-[0-9a-f]{12}(-[0-9]+)?$")


def digest_of(file: Path, cancelled: Callable[[], bool] = never) -> str:
    """Return the SHA-256 of a file.

    Raises
    ------
    BadInput
        It cannot be read.
    Cancelled
    """
    stop_if(cancelled)
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{file} cannot be read", found=error.strerror or str(error)) from error


def content_of(images: Iterable[str], mask: str = "") -> str:
    """Return what `Case.content` is, from the SHA-256 of the images and of the mask."""
    return hashlib.sha256(" ".join([*sorted(images), mask]).encode()).hexdigest()


def images_are_others(
    state: SessionState,
    case: Case,
    session: Path,
    cancelled: Callable[[], bool] = never,
    digest: Callable[[Path], str] | None = None,
) -> bool:
    """Tell whether a case's images are known to be others than those at the session's making.

    A session knows images and mask by one hash, and the images by the case's pseudonym. So of a
    case with a mask whose name was kept nothing is said where the mask, too, may be another. Of
    DICOM the study counts, not its files: a series may come later. ``digest`` is `digest_of`, or
    what remembers it.

    Raises
    ------
    BadInput
        A file cannot be found or read.
    Cancelled
    """
    digest = digest or partial(digest_of, cancelled=cancelled)
    where = study_paths(state, case, session)
    try:
        files = study_files(where)
    except BadInput:
        assert isinstance(where, Path)  # a folder
        files = nameless_images(where)
        if not files:
            return _is_another_study(state, case, session, where, cancelled)
    digests = [digest(file) for file in files if file.is_file()]
    if case.name.startswith(files_key(digests)):
        return False
    mask = find_file(state, case.mask, session, case.name) if case.mask else None
    if content_of(digests, digest(mask) if mask else "") == case.content:
        return False
    return not case.mask or _PSEUDONYM.match(case.name) is not None


def mask_is_other(
    state: SessionState,
    case: Case,
    session: Path,
    cancelled: Callable[[], bool] = never,
    digest: Callable[[Path], str] | None = None,
) -> bool:
    """Tell whether the mask that came with a case is known to be no more what it was.

    So it is, too, where an image of the case has changed: a session knows all by one hash. Nothing
    is known where a file is gone, nor of DICOM. ``digest`` is as of `images_are_others`.

    Raises
    ------
    BadInput
        A file cannot be read.
    Cancelled
    """
    if not case.mask:
        return False
    try:
        files = study_files(study_paths(state, case, session))
        mask = find_file(state, case.mask, session, case.name)
    except BadInput:
        return False
    digest = digest or partial(digest_of, cancelled=cancelled)
    digests = [digest(file) for file in files if file.is_file()]
    return content_of(digests, digest(mask)) != case.content


def _is_another_study(
    state: SessionState, case: Case, session: Path, folder: Path, cancelled: Callable[[], bool]
) -> bool:
    """Tell whether a folder of DICOM holds another study than at the session's making."""
    some = next((uid for uid in map(study_uid, _dicom_in(folder)) if uid), "")
    if not some or case.name.startswith(study_key(some)):
        return False
    from napari_acs.imaging.dicom import scan  # noqa: PLC0415 (pydicom)

    found = scan(folder, cancelled=cancelled).series
    if any(case.name.startswith(study_key(series.study_uid)) for series in found):
        return False  # that was a report of another one, say
    # The pseudonyms of another machine have another secret: there the files tell.
    digests = [digest_of(f, cancelled) for f in dict.fromkeys(f for s in found for f in s.files)]
    mask = ""
    with suppress(BadInput):
        mask = digest_of(find_file(state, case.mask, session, case.name)) if case.mask else ""
    return content_of(digests, mask) != case.content


def _dicom_in(folder: Path) -> Iterable[Path]:
    return (f for f in sorted(folder.rglob("*")) if f.is_file() and begins_as_dicom(f))
