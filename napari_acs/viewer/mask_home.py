"""Lay a mask file on the image that it was drawn on, among those that are open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging.flat_folder import case_of, images_of_case, is_copy
from napari_acs.viewer.info import LayerInfo, info_in
from napari_acs.viewer.study_names import in_folder, study_of_file

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_acs.imaging.candidate import MaskFile
    from napari_acs.imaging.labels.labelfile import LabelFile


def homes_among(layers: Iterable[Layer]) -> tuple[LayerInfo, ...]:
    """Return what image layers know of where they came from; of a viewer's, in its thread."""
    from napari.layers import Image  # noqa: PLC0415 (napari is slow)

    found = (info_in(layer.metadata) for layer in layers if isinstance(layer, Image))
    return tuple(info for info in found if info is not None)


def lay(
    mask: MaskFile, homes: Sequence[LayerInfo], *, only_drawn_on: bool = False
) -> tuple[LabelFile, LayerInfo] | None:
    """Read a mask onto the grid of the image it belongs to, or onto its own.

    Of a DICOM mask these are, in this order, the images of a series that it refers to, other
    images of its study, and images that are no DICOM; never those of another DICOM study. Of
    another mask: the images of its case in its folder, or copies of them, then all others, unless
    its case has images there that are not open: then it is of none that is. Where images of several
    studies would do, nobody can tell whose mask it is, and it stays on its own grid.

    Parameters
    ----------
    mask : MaskFile
    homes : sequence of LayerInfo
        Of images.
    only_drawn_on : bool
        Leave out a mask of a series that is not among the images.

    Returns
    -------
    file : LabelFile
    info : LayerInfo
        For its layer: with the grid and series of the image, which is its ``home``.
    None
        It was left out.

    Raises
    ------
    BadInput
        The file cannot be read, or is an RT structure set, which has no grid, and fits no image.
    """
    ranked = list(_ranked(mask, homes))
    if only_drawn_on and mask.series:
        ranked = [same for same in ranked[:1] if same]
        if not ranked:
            return None
    reader = _Reader(mask.path)
    for equals in ranked:
        fitting = _fitting(reader, equals)
        if len({home.study for home, _ in fitting}) == 1:
            home, file = fitting[0]
            base = home.home
            return file, LayerInfo(
                base.grid, mask.path, home.study, dicom=base.dicom, reference=base
            )
    try:
        file = reader.alone()
    except BadInput as refusal:
        raise reader.why or refusal from None
    study = mask.study or study_of_file(mask.path, homes)
    return file, LayerInfo(file.volume.grid, mask.path, study)


def _fitting(reader: _Reader, homes: list[LayerInfo]) -> list[tuple[LayerInfo, LabelFile]]:
    one_study = len({home.study for home in homes}) == 1
    fitting: list[tuple[LayerInfo, LabelFile]] = []
    for home in homes:
        if (file := reader.on(home)) is not None:
            fitting.append((home, file))
            if one_study:  # the first is as good as any other
                break
    return fitting


def _ranked(mask: MaskFile, homes: Sequence[LayerInfo]) -> Iterator[list[LayerInfo]]:
    """Part images by how near they are to a mask, the nearest first."""
    if mask.study:
        same = [home for home in homes if home.dicom and home.dicom.study_key == mask.study]
        drawn_on = [home for home in same if _series_of(home) in mask.series]
        yield drawn_on
        yield [home for home in same if home not in drawn_on]
        yield [home for home in homes if home.dicom is None]
        return
    folder, case = mask.path.absolute().parent, case_of(mask.path)
    own = images_of_case(mask.path)
    beside = [home for home in homes if in_folder(home, folder, case)]
    if not beside:
        beside = [home for home in homes if home.source and is_copy(home.source, own)]
    yield beside
    if beside or not own:
        yield [home for home in homes if home not in beside]


def _series_of(home: LayerInfo) -> str:
    """Return the SeriesInstanceUID of an image's own grid, from its first file."""
    origin = home.home.dicom
    return _series_in(origin.files[0]) if origin is not None and origin.files else ""


@lru_cache(256)
def _series_in(file: Path) -> str:
    from napari_acs.imaging.dicom.header import read_header  # noqa: PLC0415 (loads pydicom)

    try:
        header = read_header(file)
    except OSError:
        return ""
    return header.series_uid if header is not None else ""


class _Reader:
    """Reads a mask once where it has a grid, and once for each image where it has none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._alone: LabelFile | BadInput | None = None
        self.why: BadInput | None = None

    def alone(self) -> LabelFile:
        """Return the mask on its own grid.

        Raises
        ------
        BadInput
            It cannot be read, or has none.
        """
        from napari_acs.imaging import read_segments  # noqa: PLC0415 (SimpleITK comes with it)

        if self._alone is None:
            try:
                self._alone = read_segments(self._path)
            except BadInput as refusal:
                self._alone = refusal
        if isinstance(self._alone, BadInput):
            raise self._alone
        return self._alone

    def on(self, home: LayerInfo) -> LabelFile | None:
        """Return the mask on an image's grid, or None where it does not lie on it."""
        from napari_acs.imaging import read_segments  # noqa: PLC0415
        from napari_acs.imaging.labels.place import onto_grid  # noqa: PLC0415

        try:
            file = self.alone()
        except BadInput:
            try:
                return read_segments(self._path, home.grid)
            except BadInput as refusal:
                if home.dicom is not None:  # of the mask's own study, so this says most
                    self.why = self.why or refusal
                return None
        try:
            return replace(file, volume=onto_grid(file.volume, home.grid, self._path.name))
        except BadInput:
            return None
