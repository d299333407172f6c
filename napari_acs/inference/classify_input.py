"""What a classifier sees of a study; the same for training and for use. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import (
    SEQUENCES,
    ModelSpaceImage,
    Study,
    Volume,
    foreground,
    labels_to_model_space,
    lps_grid,
    to_lps,
    to_model_space,
)
from napari_acs.imaging.brain import corner_value
from napari_acs.imaging.coarser import covering, smoothing
from napari_acs.imaging.robust import scale_robustly, with_dark_air
from napari_acs.imaging.separable import along_axes, axis_matrices
from napari_acs.models.spec import VOLUME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_acs.imaging import Grid
    from napari_acs.models.spec import ClassifierInput


@dataclass(frozen=True, eq=False)
class ClassifierBox:
    """The box that a classifier is shown.

    Attributes
    ----------
    array : ndarray of float32, shape (c, z, y, x)
        The sequences in the model's order, 0 for one that is missing and beyond the study; then
        the mask (0 or 1) where the model takes it.
    grid : Grid
        Of the last three axes.
    present : tuple of bool
        Which sequences the study has.
    with_skull : tuple of str
        Sequences that still show the skull.
    mask_ml : float or None
        Volume of the mask, where one was used.
    """

    array: NDArray[np.float32]
    grid: Grid
    present: tuple[bool, ...]
    with_skull: tuple[str, ...] = ()
    mask_ml: float | None = None


def classifier_box(
    study: Study, asked: ClassifierInput, mask: Volume | None = None
) -> ClassifierBox:
    """Turn a study into the box that a classifier takes.

    The study is brought to the model's spacing and normalised as ``asked`` says, then a box of
    whole voxels is cut out round the centre; nothing is interpolated twice.

    Parameters
    ----------
    study : Study
        Of a classifier of single volumes, one sequence.
    asked : ClassifierInput
    mask : Volume, optional
        A label map on the study's grid, all of whose labels count; not looked at where the model
        takes none.

    Raises
    ------
    BadInput
        The study lacks a sequence, or the mask is missing, empty or on another grid.
    """
    names = _names(study, asked)
    used = _sound(mask, study) if asked.needs_mask else None
    if asked.normalisation == "robust":
        image = _whole(study, names, asked.spacing_mm)
    else:
        image = to_model_space(study, names, asked.spacing_mm)
    centre = _middle(image) if asked.centre == "volume" or used is None else _centroid(used, image)
    channels = image.array
    if asked.mask_channel and used is not None:
        inside = labels_to_model_space(used, image).astype(np.float32)
        channels = np.concatenate([channels, inside[None]])
    # Not np.rint, which goes to even numbers: a larger box must hold the smaller in its middle.
    start = np.floor(centre - (np.asarray(asked.size) - 1) / 2 + 0.5).astype(int)
    nz, ny, nx = asked.size
    return ClassifierBox(
        cut(channels, start, asked.size),
        image.grid.moved(start[::-1], (nx, ny, nz)),
        image.present,
        image.with_skull,
        None if used is None else float(np.count_nonzero(used.array)) * used.grid.voxel_ml,
    )


def refuse_unfit(study: Study, asked: ClassifierInput, mask: Volume | None = None) -> None:
    """Refuse what `classifier_box` would, without its work.

    Raises
    ------
    BadInput
        As `classifier_box`.
    """
    _names(study, asked)
    if asked.needs_mask:
        _sound(mask, study)


def volume_box(volume: Volume, asked: ClassifierInput) -> ClassifierBox:
    """Turn any one volume into the box that a classifier of single volumes takes.

    Raises
    ------
    BadInput
        It is no 3D image, or has one value everywhere.
    """
    return classifier_box(Study("volume", {SEQUENCES[0]: volume}), asked)


def cut(
    array: NDArray[np.float32], start: NDArray[np.int_], size: Sequence[int]
) -> NDArray[np.float32]:
    """Cut a box out of an array (c, z, y, x); it may reach beyond, where it holds 0.

    Parameters
    ----------
    array : ndarray, shape (c, z, y, x)
    start : ndarray of int, shape (3,)
        The first voxel along z, y, x; may be negative.
    size : sequence of int
        Along z, y, x.
    """
    box = np.zeros((len(array), *size), array.dtype)
    low = np.clip(start, 0, array.shape[1:])
    high = np.clip(start + np.asarray(size), low, array.shape[1:])
    source = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    target = tuple(slice(a, b) for a, b in zip(low - start, high - start, strict=True))
    box[(slice(None), *target)] = array[(slice(None), *source)]
    return box


def _names(study: Study, asked: ClassifierInput) -> tuple[str, ...]:
    """Return the sequences that fill the channels, once enough of them are there."""
    names = tuple(channel.name for channel in asked.channels)
    if names == (VOLUME,):
        if len(study.sequences) > 1:
            raise BadInput(
                f"The study {study.name!r} has several volumes",
                found=", ".join(study.sequences),
                expected="one: the model looks at a single volume",
                do="Give one of them",
            )
        return tuple(study.sequences)
    there = [name for name in names if name in study.sequences]
    lacking = [c.name for c in asked.channels if c.required and c.name not in there]
    if lacking or len(there) < max(asked.minimum_sequences, 1):
        wanted = ", ".join(lacking) if lacking else f"{max(asked.minimum_sequences, 1)}"
        raise BadInput(
            f"The study {study.name!r} cannot be classified by this model",
            found=f"sequences {', '.join(study.sequences)}",
            expected=f"{wanted} of {', '.join(names)}",
            do="Add the missing sequence, or choose another model",
        )
    return names


def _sound(mask: Volume | None, study: Study) -> Volume:
    """Return the mask with one label, once it is one of this study."""
    if mask is None:
        raise BadInput(
            f"The model needs a mask of the tumour to classify {study.name!r}",
            found="none",
            do="Segment the study first, and give the mask",
        )
    difference = study.grid.difference(mask.grid)
    if difference:
        raise BadInput(
            f"{mask.called('The mask')} is not on the grid of the study",
            found=difference,
            do="Give a mask of this study, or resample it to the study (nearest neighbour)",
        )
    inside = (mask.array > 0).astype(np.uint8)
    if not inside.any():
        raise BadInput(
            f"{mask.called('The mask')} is empty",
            expected="the tumour",
            do="Segment the study first, or draw the tumour",
        )
    return Volume(inside, mask.grid, mask.source)


def _whole(study: Study, names: Sequence[str], spacing_mm: Sequence[float]) -> ModelSpaceImage:
    """Resample whole volumes, and scale each so that air is 0; nothing is cropped or masked."""
    grid = lps_grid(study.grid)
    target = covering(grid, spacing_mm)
    matrices = axis_matrices(grid, target, smoothing(grid, target))
    image = np.zeros((len(names), *target.shape), np.float32)
    inside = np.zeros(target.shape, bool)
    for channel, name in enumerate(names):
        if name in study.sequences:
            array = to_lps(study.sequences[name].array, study.grid).astype(np.float32)
            array = with_dark_air(array)
            # Before resampling: what lies outside of the volume is 0 there, and so is air.
            array -= np.float32(corner_value(array))
            image[channel] = scale_robustly(along_axes(array, matrices), air=0.0)
            inside |= foreground(image[channel])
    present = tuple(name in study.sequences for name in names)
    return ModelSpaceImage(image, target, present, inside)


def _middle(image: ModelSpaceImage) -> NDArray[np.float64]:
    """Return the brain's or head's centre of mass, z, y, x in voxels."""
    places = np.nonzero(image.brain)
    if not places[0].size:
        return (np.asarray(image.grid.shape) - 1) / 2
    return np.array([np.mean(axis) for axis in places])


def _centroid(mask: Volume, image: ModelSpaceImage) -> NDArray[np.float64]:
    """Return the mask's centre of mass, z, y, x in voxels of model space."""
    z, y, x = (float(np.mean(axis)) for axis in np.nonzero(mask.array))
    point = mask.grid.index_to_point([(x, y, z)])
    centre: NDArray[np.float64] = image.grid.point_to_index(point)[0][::-1]
    return centre
