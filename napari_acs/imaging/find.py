"""Tell a study's sequences by the names of files."""

from __future__ import annotations

from os import fspath
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.identify.words import what_text_says
from napari_acs.imaging.names import (
    SEQUENCES,
    SUFFIXES,
    TITLES,
    guess_sequence,
    is_image_name,
    is_mask_name,
    strip_suffix,
)
from napari_acs.imaging.read import StrPath
from napari_acs.imaging.two_cases import cases_by_name

_SAY = (
    "Say which file is which sequence: drop the files on the Segment panel one by one and choose "
    "each under Sequences; --t1 FILE and so on without a window"
)


def find_sequences(folder: StrPath) -> dict[str, Path]:
    """Find a study's sequences among the files of a folder (not of its subfolders).

    Masks and images whose names say nothing are left out.

    Raises
    ------
    BadInput
        The folder is missing or holds no sequence, two files claim the same one, or the files'
        names are those of two patients or dates.
    """
    folder = Path(fspath(folder))
    if not folder.is_dir():
        raise BadInput(
            f"{folder}",
            found="no such file or folder",
            expected="a folder with a study's sequences",
            do="Check the path",
        )
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise BadInput(f"{folder} cannot be read", found=error.strerror or str(error)) from error
    images = [entry for entry in entries if entry.is_file() and is_image_name(entry.name)]
    files: dict[str, Path] = {}
    for path in images:
        key = guess_sequence(path.name)
        if key:
            add_sequence(files, key, path)
    if not files:
        raise _no_sequence(folder, images, entries)
    _refuse_two_cases(folder, files)
    return {key: files[key] for key in SEQUENCES if key in files}


def nameless_images(folder: Path) -> list[Path]:
    """Return a folder's images where no name says a sequence; else nothing.

    Those whose names say something else (a mask, diffusion, a map) are left out.
    """
    try:
        files = sorted(folder.iterdir())
    except OSError:
        return []
    images = [file for file in files if file.is_file() and is_image_name(file.name)]
    said = {file: what_text_says(strip_suffix(file.name)) for file in images}
    if any(what is not None and what.sequence for what in said.values()):
        return []
    return [file for file in images if said[file] is None]


def masks_in(folder: Path) -> list[Path]:
    """Return the files of a folder whose names say that they hold a mask."""
    return [
        file
        for file in sorted(folder.iterdir())
        if file.is_file() and is_image_name(file.name) and is_mask_name(file.name)
    ]


def add_sequence(files: dict[str, Path], key: str, path: Path) -> None:
    """Add a file, or refuse a second one for its sequence.

    Raises
    ------
    BadInput
        There is one already.
    """
    if key in files:
        raise BadInput(
            f"{files[key].name} and {path.name} both look like {TITLES[key]}",
            expected="one file for each sequence",
            do="Say which file is which sequence: drop the ones that you want on the Segment panel "
            "(--t1 FILE and so on without a window); or remove one from the study",
        )
    files[key] = path


def sure_sequence(path: Path) -> str:
    """Return the sequence that a file's name says.

    Raises
    ------
    BadInput
        It says none.
    """
    key = guess_sequence(path.name)
    if key is None:
        raise BadInput(
            f"{path.name}: its name does not say which sequence it is",
            found="the name of a mask" if is_mask_name(path.name) else "",
            expected="a name with t1, t1ce, t2 or flair in it",
            do="Say which sequence it is",
        )
    return key


def _refuse_two_cases(folder: Path, files: dict[str, Path]) -> None:
    cases = cases_by_name(file.name for file in files.values())
    if cases:
        told = (
            f"{', '.join(TITLES[key] for key in SEQUENCES if key in own)} of {case}"
            for case, own in sorted(cases.items())
        )
        raise BadInput(
            f"{folder} seems to hold the files of several patients or dates",
            found=f"by their names {'; '.join(told)}",
            expected="the images of one patient at one time",
            do="Give each study a folder of its own; or, if they are of one, say which file is "
            "which: drop them on the Segment panel one by one and choose each under Sequences; "
            "--t1 FILE and so on without a window",
        )


def _no_sequence(folder: Path, images: list[Path], entries: list[Path]) -> BadInput:
    studies = [e.name for e in entries if e.is_dir() and any(map(_is_sequence, e.iterdir()))]
    if images:
        masks = all(is_mask_name(path.name) for path in images)
        found = f"only {'masks' if masks else 'files whose names say no sequence'} "
        found += f"({', '.join(path.name for path in images[:4])})"
        do = "Add the MRI sequences" if masks else _SAY
    elif studies:
        found = f"studies in its subfolders ({', '.join(studies[:4])})"
        do = "Choose one of them"
    else:
        found = "an empty folder" if not entries else "no image file"
        do = f"Choose a folder with {', '.join(SUFFIXES)} files"
    return BadInput(
        f"{folder} holds no MRI sequence",
        found=found,
        expected="files named by their sequence (t1, t1ce, t2, flair)",
        do=do,
    )


def _is_sequence(path: Path) -> bool:
    return path.is_file() and is_image_name(path.name) and guess_sequence(path.name) is not None
