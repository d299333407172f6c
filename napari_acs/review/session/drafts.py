"""A folder that is written whole or not at all: beside its place, under a hidden name, until then.

A command that is killed leaves its draft. The next one for the same place removes it; that of one
that is still at work is told by its lock, which goes with its process.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.review.session.lock import NoLock, session_lock


@contextmanager
def draft_of(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside the place of a new one; what is not moved there is removed.

    Parameters
    ----------
    folder : Path
        The place; it must not be there.

    Raises
    ------
    BadInput
        It is there already, or the folder above is not.
    OSError
        The draft cannot be made.
    """
    if folder.exists():
        raise BadInput(f"{folder} is there already", do="Choose another folder")
    if not folder.absolute().parent.is_dir():
        raise BadInput(f"{folder} cannot be written", found=f"no folder {folder.parent}")
    _remove_left(folder)
    draft = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
    with ExitStack() as at_work:
        with suppress(NoLock):  # a disk without locks: a draft that is left there stays
            at_work.enter_context(session_lock(draft, "writing it"))
        try:
            draft.mkdir()
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _remove_left(folder: Path) -> None:
    name = re.compile(rf"\.{re.escape(folder.name)}-[0-9a-f]{{32}}")
    with suppress(OSError):
        for left in folder.absolute().parent.iterdir():
            if name.fullmatch(left.name) and left.is_dir():
                with suppress(BadInput), session_lock(left, "removing it"):
                    shutil.rmtree(left, ignore_errors=True)
