"""Whether a case's images are still those that the session was made of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.imaging.pseudonym import files_key
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
    state: SessionState, case: Case, session: Path, cancelled: Callable[[], bool] = never
) -> bool:
    """Tell whether a case's images are known to be others than those at the session's making.

    A session knows images and mask by one hash, and the images by the case's pseudonym. So of a
    case with a mask whose name was kept nothing is said where the mask, too, may be another; nor
    of DICOM, of which a session knows the study alone.

    Raises
    ------
    BadInput
        A file cannot be found or read.
    Cancelled
    """
    where = study_paths(state, case, session)
    try:
        files = study_files(where)
    except BadInput:
        return False
    digests = [digest_of(file, cancelled) for file in files if file.is_file()]
    if case.name.startswith(files_key(digests)):
        return False
    mask = find_file(state, case.mask, session, case.name) if case.mask else None
    if content_of(digests, digest_of(mask, cancelled) if mask else "") == case.content:
        return False
    return not case.mask or _PSEUDONYM.match(case.name) is not None


def mask_is_other(
    state: SessionState, case: Case, session: Path, cancelled: Callable[[], bool] = never
) -> bool:
    """Tell whether the mask that came with a case is known to be no more what it was.

    So it is, too, where an image of the case has changed: a session knows all by one hash. Nothing
    is known where a file is gone, nor of DICOM.

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
    digests = [digest_of(file, cancelled) for file in files if file.is_file()]
    return content_of(digests, digest_of(mask, cancelled)) != case.content
