"""napari's reader: files and study folders, dropped or opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging import (
    SEQUENCES,
    TITLES,
    find_sequences,
    guess_sequence,
    is_mask_name,
    read_labels,
    read_volume,
)
from napari_acs.imaging.names import is_image_name, strip_suffix
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import LayerTuple, image_layer, labels_layer

Reader = Callable[[str | list[str]], list[LayerTuple]]


def get_reader(path: str | list[str]) -> Reader | None:
    """Return a reader of MRI files or of a study folder, or None where other readers should try.

    Parameters
    ----------
    path : str or list of str
        A file, a folder, or files to open together.
    """
    paths = [Path(p) for p in ([path] if isinstance(path, str) else path)]
    if all(p.is_dir() for p in paths):
        return _read_or_say if all(_looks_like_study(p) for p in paths) else None
    return _read_or_say if all(p.is_file() and is_image_name(p.name) for p in paths) else None


def read(path: str | list[str]) -> list[LayerTuple]:
    """Read files and study folders as layers: an Image for each volume, Labels for a mask.

    Every volume keeps its own grid; sequences on different grids are shown where they lie, and
    the Segment panel says so.

    Raises
    ------
    BadInput
        A file that can't be read, or a folder with two files for one sequence.
    """
    paths = [Path(p) for p in ([path] if isinstance(path, str) else path)]
    return [
        layer
        for each in paths
        for layer in (_read_folder(each) if each.is_dir() else [_read_file(each, "")])
    ]


def _read_or_say(path: str | list[str]) -> list[LayerTuple]:
    from napari.utils.notifications import show_error  # noqa: PLC0415 (napari is slow)

    try:
        return read(path)
    except BadInput as refusal:
        # where several readers could open it, napari says only that ours failed
        show_error(refusal.sentence())
        raise


def _read_folder(folder: Path) -> list[LayerTuple]:
    found = find_sequences(folder)
    layers = [
        _read_image(found[sequence], folder.name, sequence)
        for sequence in SEQUENCES
        if sequence in found
    ]
    return [*layers, *(_read_mask(file, folder.name) for file in _masks_in(folder))]


def _read_file(file: Path, study: str) -> LayerTuple:
    if is_mask_name(file.name):
        return _read_mask(file, study)
    return _read_image(file, study, guess_sequence(file.name))


def _read_image(file: Path, study: str, sequence: str | None) -> LayerTuple:
    volume = read_volume(file)
    info = LayerInfo(volume.grid, volume.source or file, study or file.parent.name, sequence)
    name = f"{TITLES[sequence]} {study}" if study and sequence else strip_suffix(file.name)
    return image_layer(volume.array, info, name)


def _read_mask(file: Path, study: str) -> LayerTuple:
    volume = read_labels(file)
    info = LayerInfo(volume.grid, volume.source or file, study or file.parent.name)
    return labels_layer(volume.array, info, f"mask {study}" if study else strip_suffix(file.name))


def _masks_in(folder: Path) -> list[Path]:
    return [
        file
        for file in sorted(folder.iterdir())
        if file.is_file() and is_image_name(file.name) and is_mask_name(file.name)
    ]


def _looks_like_study(folder: Path) -> bool:
    return any(
        file.is_file() and is_image_name(file.name) and guess_sequence(file.name)
        for file in folder.iterdir()
    )
