"""napari's reader: files, DICOM and study folders, dropped or opened."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES, guess_sequence, is_mask_name
from napari_acs.imaging.dicom.preamble import (
    begins_as_dicom,
    entries_of,
    is_dicom_path,
    looks_like_dicom,
)
from napari_acs.imaging.names import is_image_name, strip_suffix
from napari_acs.viewer.info import KEY, LayerInfo
from napari_acs.viewer.layers import LayerTuple, image_layer, labels_layer, styles_for
from napari_acs.viewer.mask_home import homes_among, lay
from napari_acs.viewer.session_files import unpack_for_session
from napari_acs.viewer.study_names import study_name, study_of_file

if TYPE_CHECKING:
    from napari_acs.imaging import Volume
    from napari_acs.imaging.candidate import Candidate, MaskFile
    from napari_acs.imaging.identify import Classifier
    from napari_acs.imaging.labels.labelfile import LabelFile

_HEAD = 132

Reader = Callable[[str | list[str]], list[LayerTuple]]
Refused = Callable[[BadInput], None]


def get_reader(path: str | list[str]) -> Reader | None:
    """Return a reader of MRI files or of a study folder, or None where other readers should try.

    Parameters
    ----------
    path : str or list of str
        A file, a folder, a ``.zip`` of DICOM, or files to open together.
    """
    paths = [Path(p) for p in ([path] if isinstance(path, str) else path)]
    return _read_or_say if all(map(_is_ours, paths)) else None


def read(
    path: str | list[str],
    homes: Sequence[LayerInfo] = (),
    refused: Refused | None = None,
    classifier: Classifier | None = None,
) -> list[LayerTuple]:
    """Read files and study folders as layers: an Image for each volume, Labels for a mask.

    Every volume keeps its own grid; sequences on different grids are shown where they lie, and
    the Segment panel says so. Of a DICOM study the proposed sequences are opened, or all images
    where nothing is known of any. Masks come last, on the image that they belong to.

    Parameters
    ----------
    path : str or list of str
    homes : sequence of LayerInfo
        Of the images that are open: where masks may belong, and what a study is not to be called.
    refused : callable, optional
        As for `study_layers`; also of each series that seems to be a sequence, cannot be read and
        is left out.
    classifier : callable, optional
        Looks at the images of a folder where their names and headers say too little.

    Raises
    ------
    BadInput
        A file that can't be read, a folder with two files for one sequence, or several DICOM
        studies.
    """
    paths = folders_of([Path(p) for p in ([path] if isinstance(path, str) else path)])
    masks = {each: mask for each in paths if (mask := mask_at(each)) is not None}
    layers: list[LayerTuple] = []
    for each in paths:
        if each not in masks:
            known = [*infos_of(layers), *homes]
            if _is_plain_file(each):
                layers += _read_file(each, known)
            else:
                layers += _read_study(each, known, refused, classifier)
    return layers + mask_layers(list(masks.values()), [*infos_of(layers), *homes])


def folders_of(paths: Sequence[Path]) -> list[Path]:
    """Put a folder in the place of several DICOM files of it: they are slices of one study."""
    lone = [path for path in paths if _is_dicom_image(path)]
    several = {path.parent for path in lone if sum(o.parent == path.parent for o in lone) > 1}
    return list(
        dict.fromkeys(
            path.parent if path in lone and path.parent in several else path for path in paths
        )
    )


def mask_at(path: Path) -> MaskFile | None:
    """Return the mask that a path names; None where it is an image, a folder or an archive."""
    from napari_acs.imaging.candidate import MaskFile  # noqa: PLC0415 (numpy comes with it)
    from napari_acs.imaging.dicom_contents import mask_file  # noqa: PLC0415 (SimpleITK, pydicom)

    if _is_plain_file(path):
        named = is_mask_name(path.name) or path.name.lower().endswith(".seg.nrrd")
        return MaskFile(path) if named else None
    return mask_file(path) if path.is_file() and begins_as_dicom(path) else None


def mask_layers(masks: Sequence[MaskFile], homes: Sequence[LayerInfo]) -> list[LayerTuple]:
    """Read masks as layers, each on the image that it belongs to.

    Raises
    ------
    BadInput
        One can't be read, or has no grid and fits no image.
    """
    laid = ((mask, lay(mask, homes)) for mask in masks)
    return [_mask(mask, *found) for mask, found in laid if found is not None]


def infos_of(layers: Sequence[LayerTuple]) -> list[LayerInfo]:
    """Return what the images among layers that are still to be added know."""
    return [attributes["metadata"][KEY] for _, attributes, kind in layers if kind == "image"]


def study_layers(
    study: str,
    chosen: Mapping[str, Candidate],
    masks: tuple[MaskFile, ...] = (),
    refused: Refused | None = None,
) -> list[LayerTuple]:
    """Read chosen images and masks as layers named after the sequence and the study.

    Parameters
    ----------
    study : str
    chosen : mapping of str to Candidate
        By sequence; other keys name images that are none of a study's sequences.
    masks : tuple of MaskFile
        Each is laid on the image that it was drawn on, where that is among the chosen.
    refused : callable, optional
        Called with the refusal of each mask that cannot be shown, which is then left out: the
        images are worth seeing without it. Without it the first refusal is raised.

    Raises
    ------
    BadInput
        An image can't be read.
    """
    layers = [
        _image(candidate.read(), study, key if key in TITLES else None, candidate)
        for key, candidate in chosen.items()
    ]
    homes = infos_of(layers)
    for mask in masks:
        try:
            found = lay(mask, homes, only_drawn_on=True)
        except BadInput as refusal:
            if refused is None:
                raise
            refused(refusal)
        else:
            if found is not None:
                layers.append(_mask(mask, *found, study))
    return layers


def _read_or_say(path: str | list[str]) -> list[LayerTuple]:
    from napari import current_viewer  # noqa: PLC0415 (napari is slow)
    from napari.utils.notifications import show_error, show_info, show_warning  # noqa: PLC0415

    viewer = current_viewer()
    homes = homes_among(viewer.layers) if viewer is not None else ()
    if isinstance(path, str) and any(_is_slice_of(Path(path), home) for home in homes):
        # napari hands over the files of a dropped series one by one
        show_info("The series of this file is open already.")
        return [(None,)]  # type: ignore[list-item] # npe2's word for "nothing to add"
    try:
        return read(path, homes, lambda refusal: show_warning(refusal.sentence()))
    except BadInput as refusal:
        # where several readers could open it, napari says only that ours failed
        show_error(refusal.sentence())
        raise


def _read_study(
    path: Path,
    homes: Sequence[LayerInfo],
    refused: Refused | None,
    classifier: Classifier | None,
) -> list[LayerTuple]:
    from napari_acs.imaging.contents import opened, require_one_study  # noqa: PLC0415 (SimpleITK)
    from napari_acs.imaging.proposing import nothing_proposed  # noqa: PLC0415

    if path.suffix.lower() == ".zip" and path.is_file():
        path = unpack_for_session(path)
    with opened(path, classifier=classifier) as contents:
        require_one_study(contents)
        chosen = contents.proposal
        if not chosen:
            chosen = {c.title: c for c in contents.candidates if not c.why_not}
        if not chosen:
            raise nothing_proposed(contents.name, contents.candidates)
        if refused is not None:
            for why in contents.lost.values():
                refused(BadInput(why))
        name = contents.name if contents.dicom else study_name(path, homes)
        return study_layers(name, chosen, contents.masks, refused)


def _read_file(file: Path, homes: Sequence[LayerInfo]) -> list[LayerTuple]:
    from napari_acs.imaging import read_volume  # noqa: PLC0415
    from napari_acs.imaging.candidate import MaskFile  # noqa: PLC0415 (numpy comes with it)
    from napari_acs.imaging.labels.looks import looks_like_labels  # noqa: PLC0415 (numpy)

    volume = read_volume(file)
    if looks_like_labels(volume.array):  # a mask that was saved under a name of the user's own
        return mask_layers([MaskFile(file)], homes)
    info = LayerInfo(
        volume.grid,
        volume.source or file,
        study_of_file(file, homes),
        guess_sequence(file.name),
        stamp=volume.stamp,
    )
    return [image_layer(volume.array, info, strip_suffix(file.name))]


def _image(volume: Volume, study: str, sequence: str | None, candidate: Candidate) -> LayerTuple:
    info = LayerInfo(
        volume.grid,
        volume.source,
        study,
        sequence,
        dicom=volume.dicom,
        guess=candidate.guess,
        stamp=volume.stamp,
    )
    name = TITLES[sequence] if sequence else strip_suffix(candidate.title)
    return image_layer(volume.array, info, f"{name} {study}")


def _mask(mask: MaskFile, found: LabelFile, info: LayerInfo, study: str = "") -> LayerTuple:
    # The name of a DICOM file is often the patient's.
    study = study or mask.study
    name = f"mask {study}" if study else strip_suffix(mask.path.name)
    return labels_layer(found.volume.array, info, name, styles_for(found.segments))


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and is_image_name(path.name)


def _is_dicom_image(path: Path) -> bool:
    if not path.is_file() or is_image_name(path.name) or path.suffix.lower() == ".zip":
        return False
    return begins_as_dicom(path) and mask_at(path) is None


def _is_slice_of(path: Path, home: LayerInfo) -> bool:
    return home.dicom is not None and path in home.dicom.files


def _is_ours(path: Path) -> bool:
    if path.is_dir():
        return _looks_like_study(path)
    if not path.is_file() or is_image_name(path.name):
        return path.is_file()
    return _zip_of_dicom(path) if path.suffix.lower() == ".zip" else begins_as_dicom(path)


def _looks_like_study(folder: Path) -> bool:
    named = any(
        is_image_name(file.name) and guess_sequence(file.name) and file.is_file()
        for file in entries_of(folder)
    )
    return named or is_dicom_path(folder)


def _zip_of_dicom(path: Path, most: int = 200) -> bool:
    # A disc from a hospital has the files of its viewer as well.
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in [e for e in archive.infolist() if not e.is_dir()][:most]:
                with archive.open(entry) as file:
                    if looks_like_dicom(file.read(_HEAD)):
                        return True
    except (OSError, zipfile.BadZipFile, RuntimeError, EOFError, ValueError, zlib.error):
        return False
    return False
