"""A case of a session as layers: its sequences, read in a worker, and the reader's mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never
from napari_acs.viewer.display import placement
from napari_acs.viewer.info import KEY, LayerInfo
from napari_acs.viewer.layers import GLIOMA_STYLES, LayerTuple, image_layer, labels_layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid, Volume
    from napari_acs.review.session.state import Mask, SessionState
    from napari_acs.viewer.review_root import BegunFrom

STYLES = GLIOMA_STYLES[:3]
"""A session's masks call enhancing tumour 3."""


@dataclass(frozen=True, eq=False)
class CaseImages:
    """The sequences of an item, ready to be added to a viewer.

    Attributes
    ----------
    item : int
    layers : tuple of layer data tuples
    grids : tuple of Grid
        Where a mask may lie: of the images, or of the mask where there is nothing else.
    notes : tuple of str
        What the reader is to know of them.
    others : bool
        The images, or the mask that came with them, are not those that the session was made of.
    checked : tuple of int or None
        See `stamp_of`: the file of that mask, when it was found to be the session's. None where
        nobody looked, as the reader may not see it yet.
    """

    item: int
    layers: tuple[LayerTuple, ...]
    grids: tuple[Grid, ...]
    notes: tuple[str, ...] = ()
    others: bool = False
    checked: tuple[int, ...] | None = None

    @property
    def infos(self) -> list[LayerInfo]:
        """What the images know."""
        return [attributes["metadata"][KEY] for _, attributes, _ in self.layers]


def read_case(
    state: SessionState,
    item: int,
    session: Path,
    cancelled: Callable[[], bool] = never,
) -> CaseImages:
    """Read the images of an item; slow, for a worker.

    A study may be nothing but a mask: then there is no image, and its grid is the mask's. Images
    of which no name says a sequence are shown as what they are: images.

    Parameters
    ----------
    state : SessionState
    item : int
    session : Path
        The review file, beside which moved studies are looked for.
    cancelled : callable

    Raises
    ------
    BadInput
        The files are not there, or cannot be read.
    Cancelled
    """
    from napari_acs.imaging import (  # noqa: PLC0415 (SimpleITK)
        TITLES,
        read_grid,
        read_volume,
        read_volumes,
    )
    from napari_acs.review.session.locate import (  # noqa: PLC0415
        find_file,
        nameless_files,
        study_paths,
    )
    from napari_acs.review.session.unchanged import (  # noqa: PLC0415
        OTHER_IMAGES,
        OTHER_MASK,
        digest_of,
        images_are_others,
        mask_is_other,
    )

    line = state.items[item]
    case = replace(state.cases[line.case], name=line.shown_name)
    if case.mask and case.mask == case.path:
        grid = read_grid(find_file(state, case.mask, session, case.name))
        known, stamp = state.cases[line.case], stamp_of(state, line.case, session)
        is_other = mask_is_other(state, known, session, cancelled)
        return CaseImages(item, (), (grid,), (OTHER_MASK,) * is_other, is_other, stamp)
    where = study_paths(state, case, session)
    volumes: list[tuple[str | None, Volume]]
    try:
        volumes = [*read_volumes(where, case.name, cancelled=cancelled)[1].items()]
    except BadInput:
        volumes = [(None, read_volume(file)) for file in nameless_files(where)]
        if not volumes:
            raise
    layers: list[LayerTuple] = []
    grids: list[Grid] = []
    for number, (sequence, volume) in enumerate(volumes, 1):
        title = TITLES[sequence] if sequence else f"image {number}"
        info = LayerInfo(
            volume.grid,
            volume.source,
            case.name,
            sequence,
            dicom=volume.dicom,
            history=volume.history,
            stamp=volume.stamp,
        )
        layers.append(image_layer(volume.array, info, f"{title} {case.name}"))
        if all(volume.grid.difference(grid) is not None for grid in grids):
            grids.append(volume.grid)
    case = state.cases[line.case]
    digest = cache(partial(digest_of, cancelled=cancelled))  # each file is looked at once
    notes: tuple[str, ...] = ()
    stamp = stamp_of(state, case.name, session) if line.sees_others else None
    if images_are_others(state, case, session, cancelled, digest):
        notes = (OTHER_IMAGES,)
    elif line.sees_others and mask_is_other(state, case, session, cancelled, digest):
        notes = (OTHER_MASK,)
    return CaseImages(item, tuple(layers), tuple(grids), notes, bool(notes), stamp)


def stamp_of(state: SessionState, case: str, session: Path) -> tuple[int, ...] | None:
    """Return what changes where the mask that came with a case is written anew; None: no file."""
    from napari_acs.review.session.locate import find_file  # noqa: PLC0415 (SimpleITK)

    known = state.cases[case]
    if not known.mask:
        return None
    try:
        said = find_file(state, known.mask, session, known.name).stat()
    except (BadInput, OSError):
        return None
    return said.st_ino, said.st_size, said.st_mtime_ns


def mask_layer(
    shown: NDArray[np.uint8],
    mask: Mask,
    case: str,
    images: CaseImages,
    root: BegunFrom,
) -> LayerTuple:
    """Return the layer that the reader edits.

    Parameters
    ----------
    shown : ndarray of uint8, shape (z, y, x) as shown
        The layer edits it in place.
    mask : Mask
    case : str
    images : CaseImages
    root : BegunFrom
        What the mask was begun from.
    """
    info = replace(_info(mask, case, images, root.labels), maker=root.maker)
    described = labels_layer(np.zeros((1, 1, 1), np.uint8), info, f"{mask.title} {case}", STYLES)
    return shown, {**described[1], **placement(mask.grid)}, "labels"


def other_layer(labels: NDArray[np.uint8], mask: Mask, case: str, images: CaseImages) -> LayerTuple:
    """Return the layer of a mask that is looked at beside the reader's: outlines only."""
    info = _info(mask, case, images, labels)
    data, attributes, kind = labels_layer(labels, info, f"{mask.title} {case} (to look at)", STYLES)
    return data, {**attributes, "opacity": 0.9}, kind


def _info(
    mask: Mask, case: str, images: CaseImages, prediction: NDArray[np.uint8] | None
) -> LayerInfo:
    home: Any = next((i for i in images.infos if i.grid.difference(mask.grid) is None), None)
    if prediction is not None:
        prediction.setflags(write=False)
    return LayerInfo(
        mask.grid,
        home.source if home else None,
        case,
        provenance=dict(mask.provenance) or None,
        dicom=home.dicom if home else None,
        prediction=prediction,
    )


def fitting(grids: Sequence[Grid], grid: Grid) -> bool:
    """Whether one of the grids is this one."""
    return any(each.difference(grid) is None for each in grids)
