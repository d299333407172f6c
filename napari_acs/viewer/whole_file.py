"""Text files that are written whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from uuid import uuid4

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(target: Path, text: str) -> None:
    """Write a text beside a file, and put it into its place; an earlier file is lost to no fault.

    Parameters
    ----------
    target : Path
    text : str
        Written as UTF-8.

    Raises
    ------
    BadInput
        It cannot be written; what was there still is.
    """
    draft = target.with_name(f".{uuid4().hex}{target.suffix}")
    try:
        draft.write_text(text, encoding="utf-8")
        with draft.open("rb") as file:  # or a power cut leaves neither the old text nor the new
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        raise BadInput(
            f"{target} cannot be written",
            found=(error.strerror or str(error)).lower(),
            do="Choose another place",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
