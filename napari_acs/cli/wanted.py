"""Which study a command is to read: a folder, or single files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from napari_acs.errors import BadInput


def what_to_read(
    study: Path | None, files: Mapping[str, Path | None], job: str
) -> Path | dict[str, Path]:
    """Return the study's folder, or its files by sequence.

    Parameters
    ----------
    study : Path, optional
        The folder, where the user gave one.
    files : mapping of str to Path or None
        What the options ``--t1`` ... hold.
    job : str
        What is to be done: "segment".

    Raises
    ------
    BadInput
        Both were given, or neither.
    """
    given = {name: path for name, path in files.items() if path}
    if (study is None) == (not given):
        raise BadInput(
            f"It is not clear what to {job}",
            found="a folder and single files" if given else "neither a folder nor files",
            expected="one of the two",
            do="Give STUDY, or some of --t1 --t1ce --t2 --flair",
        )
    return given if study is None else study
