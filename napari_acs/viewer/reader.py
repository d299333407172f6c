"""napari's reader: files, DICOM and study folders, dropped or opened."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES, guess_sequence, is_mask_name
from napari_acs.imaging.dicom.preamble import begins_as_dicom, is_dicom_path, looks_like_dicom
from napari_acs.imaging.names import is_image_name, strip_suffix
from napari_acs.imaging.segments import SegmentName, unnamed
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import (
    GLIOMA_STYLES,
    LabelStyle,
    LayerTuple,
    image_layer,
    labels_layer,
)
from napari_acs.viewer.session_files import unpack_for_session

if TYPE_CHECKING:
    from napari_acs.imaging import Grid, Volume
    from napari_acs.imaging.candidate import Candidate, MaskFile
    from napari_acs.imaging.dicom.origin import DicomOrigin

_HEAD = 132

Reader = Callable[[str | list[str]], list[LayerTuple]]


def get_reader(path: str | list[str]) -> Reader | None:
    """Return a reader of MRI files or of a study folder, or None where other readers should try.

    Parameters
    ----------
    path : str or list of str
        A file, a folder, a ``.zip`` of DICOM, or files to open together.
    """
    paths = [Path(p) for p in ([path] if isinstance(path, str) else path)]
    return _read_or_say if all(map(_is_ours, paths)) else None


def read(path: str | list[str]) -> list[LayerTuple]:
    """Read files and study folders as layers: an Image for each volume, Labels for a mask.

    Every volume keeps its own grid; sequences on different grids are shown where they lie, and
    the Segment panel says so. Of a DICOM study the proposed sequences are opened, or all images
    where nothing is known of any.

    Raises
    ------
    BadInput
        A file that can't be read, or a folder with two files for one sequence.
    """
    paths = [Path(p) for p in ([path] if isinstance(path, str) else path)]
    return [
        layer
        for each in paths
        for layer in ([_read_file(each)] if _is_plain_file(each) else _read_study(each))
    ]


def study_layers(
    study: str, chosen: Mapping[str, Candidate], masks: tuple[MaskFile, ...] = ()
) -> list[LayerTuple]:
    """Read chosen images and masks as layers named after the sequence and the study.

    Parameters
    ----------
    study : str
    chosen : mapping of str to Candidate
        By sequence; other keys name images that are none of a study's sequences.
    masks : tuple of MaskFile
        Each is laid on the image that it was drawn on, where that is among the chosen.

    Raises
    ------
    BadInput
        An image can't be read, or a mask fits nothing.
    """
    volumes = {key: candidate.read() for key, candidate in chosen.items()}
    layers = [
        _image(volume, study, key if key in TITLES else None, chosen[key])
        for key, volume in volumes.items()
    ]
    homes = [(chosen[key].uid, volume.grid, volume.dicom) for key, volume in volumes.items()]
    for mask in masks:
        home = next((home for home in homes if home[0] in mask.series), None)
        if home is not None or not mask.series:
            layers.append(_mask(mask.path, study, *(home[1:] if home else ())))
    return layers


def _read_or_say(path: str | list[str]) -> list[LayerTuple]:
    from napari.utils.notifications import show_error  # noqa: PLC0415 (napari is slow)

    try:
        return read(path)
    except BadInput as refusal:
        # where several readers could open it, napari says only that ours failed
        show_error(refusal.sentence())
        raise


def _read_study(path: Path) -> list[LayerTuple]:
    from napari_acs.imaging.contents import opened  # noqa: PLC0415 (SimpleITK comes with it)

    if path.suffix.lower() == ".zip":
        path = unpack_for_session(path)
    with opened(path) as contents:
        chosen = contents.proposal
        if not chosen:
            chosen = {c.title: c for c in contents.candidates if not c.why_not}
        return study_layers(contents.name, chosen, contents.masks)


def _read_file(file: Path) -> LayerTuple:
    from napari_acs.imaging import read_volume  # noqa: PLC0415

    study = file.parent.name
    if is_mask_name(file.name) or file.name.lower().endswith(".seg.nrrd"):
        return _mask(file, "")
    volume = read_volume(file)
    info = LayerInfo(volume.grid, volume.source or file, study, guess_sequence(file.name))
    return image_layer(volume.array, info, strip_suffix(file.name))


def _image(volume: Volume, study: str, sequence: str | None, candidate: Candidate) -> LayerTuple:
    info = LayerInfo(
        volume.grid,
        volume.source,
        study,
        sequence,
        dicom=volume.dicom,
        guess=candidate.guess,
    )
    name = TITLES[sequence] if sequence else strip_suffix(candidate.title)
    return image_layer(volume.array, info, f"{name} {study}")


def _mask(
    file: Path, study: str, grid: Grid | None = None, dicom: DicomOrigin | None = None
) -> LayerTuple:
    from napari_acs.imaging import read_segments  # noqa: PLC0415

    found = read_segments(file, grid)
    source = file if dicom is None else dicom.files[0].parent
    info = LayerInfo(found.volume.grid, source, study or file.parent.name, dicom=dicom)
    name = f"mask {study}" if study else strip_suffix(file.name)
    return labels_layer(found.volume.array, info, name, _styles(found.segments))


def _styles(segments: Sequence[SegmentName]) -> Sequence[LabelStyle]:
    """Return what the file calls its labels; the BraTS classes where it calls them nothing."""
    if all(segment == unnamed(segment.value) for segment in segments):
        return GLIOMA_STYLES
    return [LabelStyle(s.value, s.name, s.title, s.colour) for s in segments]


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and is_image_name(path.name)


def _is_ours(path: Path) -> bool:
    if path.is_dir():
        return _looks_like_study(path)
    if not path.is_file() or is_image_name(path.name):
        return path.is_file()
    return _zip_of_dicom(path) if path.suffix.lower() == ".zip" else begins_as_dicom(path)


def _looks_like_study(folder: Path) -> bool:
    named = any(
        file.is_file() and is_image_name(file.name) and guess_sequence(file.name)
        for file in folder.iterdir()
    )
    return named or is_dicom_path(folder)


def _zip_of_dicom(path: Path, most: int = 20) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in [e for e in archive.infolist() if not e.is_dir()][:most]:
                with archive.open(entry) as file:
                    if looks_like_dicom(file.read(_HEAD)):
                        return True
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return False
    return False
