"""Files that must live as long as the session: DICOM out of a ``.zip``, which SEG refers to."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def unpack_for_session(archive: Path, cancelled: Callable[[], bool] = lambda: False) -> Path:
    """Unpack DICOM into a folder that goes when the program ends; return the folder.

    Raises
    ------
    BadInput
        The archive is refused; nothing is left of it.
    """
    from napari_acs.imaging.dicom.archive import unpack  # noqa: PLC0415 (loads pydicom)

    folder = Path(tempfile.mkdtemp(prefix="napari-acs-zip-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        unpack(archive, folder, cancelled=cancelled)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder
