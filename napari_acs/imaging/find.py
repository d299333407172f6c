"""Open a study: tell its sequences by the names of files, and read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.names import (
    SEQUENCES,
    SUFFIXES,
    TITLES,
    guess_sequence,
    is_image_name,
    is_mask_name,
    strip_suffix,
)
from napari_acs.imaging.read import StrPath, read_volume
from napari_acs.imaging.study import Study
from napari_acs.imaging.volume import Volume

Readable = StrPath | Iterable[StrPath] | Mapping[str, StrPath]
"""A study's folder, its files, or a mapping of sequence to file."""


def read_study(path_or_paths: Readable, name: str | None = None) -> Study:
    """Open a study: a folder, files, or a mapping of sequence to file.

    Parameters
    ----------
    path_or_paths : path, iterable of path, or mapping of str to path
        Sequences of a folder and of plain files are told by their names (`guess_sequence`);
        a mapping has keys among ``t1``, ``t1ce``, ``t2``, ``flair``.
    name : str, optional
        By default the folder's name, or the file's.

    Raises
    ------
    BadInput
        No sequence found, two files for one sequence, a file that `read_volume` refuses, or
        volumes that make no `Study`.
    """
    return Study(*read_volumes(path_or_paths, name))


def read_volumes(
    path_or_paths: Readable,
    name: str | None = None,
    *,
    refused: Callable[[str, Path, BadInput], None] | None = None,
) -> tuple[str, dict[str, Volume]]:
    """Read a study's volumes as they are: on whatever grids, not yet a `Study`.

    Parameters
    ----------
    path_or_paths, name
        As for `read_study`.
    refused : callable, optional
        Called with sequence, file and reason for each file that `read_volume` refuses, which is
        then left out; without it the first refusal is raised.

    Returns
    -------
    name : str
        Of the study.
    volumes : dict of str to Volume
        By sequence, in the order of `SEQUENCES`.

    Raises
    ------
    BadInput
        No sequence found, two files for one sequence, or a refusal.
    """
    name, files = _find(path_or_paths, name)
    volumes = {}
    for key in (key for key in SEQUENCES if key in files):
        try:
            volumes[key] = read_volume(files[key])
        except BadInput as refusal:
            if refused is None:
                raise
            refused(key, files[key], refusal)
    return name, volumes


def _find(path_or_paths: Readable, name: str | None) -> tuple[str, dict[str, Path]]:
    if isinstance(path_or_paths, Mapping):
        files = {key: Path(fspath(path)) for key, path in path_or_paths.items()}
    elif isinstance(path_or_paths, str | PathLike):
        path = Path(fspath(path_or_paths))
        files = {_sure_sequence(path): path} if path.is_file() else find_sequences(path)
        name = name or (strip_suffix(path.name) if path.is_file() else path.resolve().name)
    else:
        files = {}
        for path in (Path(fspath(p)) for p in path_or_paths):
            _add(files, _sure_sequence(path), path)
    for key in files:
        if key not in SEQUENCES:
            raise BadInput(f"no sequence is called {key!r}", expected=", ".join(SEQUENCES))
    if name is None:
        name = next((path.resolve().parent.name for path in files.values()), "study")
    return name, files


def find_sequences(folder: StrPath) -> dict[str, Path]:
    """Find a study's sequences among the files of a folder (not of its subfolders).

    Masks and images whose names say nothing are left out.

    Raises
    ------
    BadInput
        The folder is missing or holds no sequence, or two files claim the same one.
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
            _add(files, key, path)
    if not files:
        raise _no_sequence(folder, images, entries)
    return {key: files[key] for key in SEQUENCES if key in files}


def _add(files: dict[str, Path], key: str, path: Path) -> None:
    if key in files:
        raise BadInput(
            f"{files[key].name} and {path.name} both look like {TITLES[key]}",
            expected="one file for each sequence",
            do="Say which file is which sequence, or remove one from the study",
        )
    files[key] = path


def _sure_sequence(path: Path) -> str:
    key = guess_sequence(path.name)
    if key is None:
        raise BadInput(
            f"{path.name}: its name does not say which sequence it is",
            found="the name of a mask" if is_mask_name(path.name) else "",
            expected="a name with t1, t1ce, t2 or flair in it",
            do="Say which sequence it is",
        )
    return key


def _no_sequence(folder: Path, images: list[Path], entries: list[Path]) -> BadInput:
    studies = [e.name for e in entries if e.is_dir() and any(map(_is_sequence, e.iterdir()))]
    if images:
        masks = all(is_mask_name(path.name) for path in images)
        found = f"only {'masks' if masks else 'files whose names say no sequence'} "
        found += f"({', '.join(path.name for path in images[:4])})"
        do = "Add the MRI sequences" if masks else "Say which file is which sequence"
    elif studies:
        found = f"studies in its subfolders ({', '.join(studies[:4])})"
        do = "Choose one of them"
    elif any(entry.suffix.lower() in {".dcm", ".ima"} for entry in entries):
        found = "DICOM files"
        do = "Convert them first, with dcm2niix for example"
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
