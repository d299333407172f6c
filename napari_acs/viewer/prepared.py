"""What Align and Strip made, as layers: sequences on one grid, and a brain mask to correct."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_acs import __version__
from napari_acs.imaging import TITLES
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import LabelStyle, LayerTuple, image_layer, labels_layer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from napari_acs.imaging import Volume
    from napari_acs.viewer.snapshot import StudySnapshot

BRAIN_STYLES = (LabelStyle(1, "brain", "brain", "#4aa3ff"),)


def aligned_layers(
    study: StudySnapshot, volumes: Mapping[str, Volume], reference: str
) -> dict[str, Callable[[], LayerTuple]]:
    """Return what makes an Image layer of each sequence that was moved; those that fit stay.

    To be called one by one: each looks for its contrast in millions of voxels.

    Parameters
    ----------
    study : StudySnapshot
        The layers as they were.
    volumes : mapping of str to Volume
        The same sequences on the grid of ``reference``.
    reference : str
    """
    home = study.layers[reference].info.home
    made: dict[str, Callable[[], LayerTuple]] = {}
    for sequence, volume in volumes.items():
        before = study.layers[sequence].info
        new = volume.history[len(before.history) :]
        if not any(step.name == "resampled" for step in new):
            continue
        info = LayerInfo(
            grid=volume.grid,
            source=volume.source,
            study=before.study,  # as the others': what the layers are chosen together by
            sequence=sequence,
            dicom=volume.dicom,
            history=volume.history,
            guess=before.guess,
            reference=home,
            stamp=volume.stamp,
        )
        what = f"{TITLES[sequence]} {info.study}".strip()
        name = f"{what} aligned to {TITLES[reference]}"
        made[sequence] = partial(image_layer, volume.array, info, name)
    return made


def brain_layer(mask: NDArray[np.bool_], home: LayerInfo, study: str) -> LayerTuple:
    """Return a Labels layer of a brain mask, to be corrected by hand.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        On ``home.grid``, in its stored order.
    home : LayerInfo
        Of the image whose grid this is.
    study : str
    """
    found = mask.astype(np.uint8)
    found.setflags(write=False)
    info = LayerInfo(
        home.grid,
        home.source,
        study,
        provenance={"model": {"id": "napari-acs brain extraction", "version": __version__}},
        dicom=home.dicom,
        role="brain",
        prediction=found,
    )
    data, attributes, kind = labels_layer(found, info, f"brain mask {study}", BRAIN_STYLES)
    return data, {**attributes, "opacity": 0.8}, kind


def prepared_layers(volumes: Mapping[str, Volume], home: LayerInfo, study: str) -> list[LayerTuple]:
    """Return an Image layer of each sequence as a network's model space was made of it.

    Parameters
    ----------
    volumes : mapping of str to Volume
        On ``home.grid``.
    home : LayerInfo
        Of the image whose grid this is.
    study : str
    """
    made = []
    for sequence, volume in volumes.items():
        info = LayerInfo(
            grid=volume.grid,
            source=volume.source,
            study=study,
            dicom=volume.dicom,
            history=volume.history,
            role="prepared",
            reference=home,
            stamp=volume.stamp,
        )
        made.append(image_layer(volume.array, info, f"{TITLES[sequence]} {study} prepared"))
    return made
