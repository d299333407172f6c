"""From a study's grid to the network's and back: one definition for training and inference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from napari_acs.errors import BadInput
from napari_acs.imaging.brain import (
    CLIP,
    Normalisation,
    brain_box,
    foreground_of,
    normalise,
    shows_skull,
)
from napari_acs.imaging.coarser import covering, smoothing
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.orient import lps_grid, to_lps
from napari_acs.imaging.separable import along_axes, axis_matrices
from napari_acs.imaging.shifted import SHIFTED, counted_of, scale_of
from napari_acs.imaging.study import Study
from napari_acs.imaging.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

Box = tuple[slice, slice, slice]

_MARGIN_MM = 5.0


@dataclass(frozen=True, eq=False)
class ModelSpaceImage:
    """A study as a network sees it.

    Attributes
    ----------
    array : ndarray of float32, shape (c, z, y, x)
        Normalised channels in the bundle's order; ``background`` for a missing sequence and
        outside the brain. Axes z, y, x run nearest to superior, posterior, left.
    grid : Grid
        Of ``array``'s last three axes.
    present : tuple of bool
        Which channels the study has.
    brain : ndarray of bool, shape (z, y, x)
        Foreground of any sequence.
    with_skull : tuple of str
        Sequences that are not skull-stripped; their whole head counts as foreground.
    background : tuple of float
        What surrounds the image, in each channel; empty: zeros, as all but the `SHIFTED`
        normalisations have it.
    """

    array: NDArray[np.float32]
    grid: Grid
    present: tuple[bool, ...]
    brain: NDArray[np.bool_]
    with_skull: tuple[str, ...] = ()
    background: tuple[float, ...] = ()


def to_model_space(
    study: Study,
    channels: Sequence[str],
    spacing_mm: Sequence[float],
    normalisation: Normalisation = "brain-zscore",
) -> ModelSpaceImage:
    """Turn, crop, normalise and resample a study to what a network takes.

    Axes are permuted and flipped to the nearest of LPS (an oblique volume stays oblique), the
    box round the brain plus 5 mm is cut out, each sequence is z-scored over its own brain
    (see `normalise`), and resampled linearly to ``spacing_mm``. Axes that get coarser by more
    than 5 % are smoothed first with a Gaussian of sqrt(factor^2 - 1) / 2.355 source voxels
    (Cardoso 2015, "Scale factor point spread function matching").

    The `SHIFTED` normalisations do as GaNDLF does: the box is that of all voxels that are not 0,
    nothing is smoothed, the statistics are those of the whole resampled volume, and no voxel is
    set to 0 outside the brain.

    Parameters
    ----------
    study : Study
    channels : sequence of str
        Sequence names in the order of the network's channels.
    spacing_mm : sequence of float
        Voxel spacing of model space along x, y, z.
    normalisation : Normalisation
        How; see `normalise` and `scale_of`.

    Raises
    ------
    BadInput
        The study has none of the channels, or, for a `SHIFTED` normalisation, not all of them or
        one without contrast.
    """
    shifted = normalisation in SHIFTED
    present = tuple(name in study.sequences for name in channels)
    if not any(present):
        raise BadInput(
            f"study {study.name}",
            found=f"only {', '.join(study.sequences)}",
            expected=f"at least one of {', '.join(channels)}",
            do="Choose another model or add a sequence",
        )
    if shifted and not all(present):
        raise BadInput(
            f"study {study.name}",
            found=f"only {', '.join(study.sequences)}",
            expected=f"all of {', '.join(channels)}: what stands for a missing one is not known",
            do="Choose another model or add the sequence",
        )
    arrays = {
        name: to_lps(study.sequences[name].array, study.grid)
        for name, there in zip(channels, present, strict=True)
        if there
    }
    whole = lps_grid(study.grid)
    with ThreadPoolExecutor() as threads:  # numpy and SimpleITK let go of the interpreter
        found = threads.map(lambda name: foreground_of(study.sequences[name]), arrays)
        inside = {name: to_lps(mask, study.grid) for name, mask in zip(arrays, found, strict=True)}
        # A hair less: a file that says 1 mm as 0.9999999 must not get another box for it.
        margin = [math.ceil(_MARGIN_MM / s - 1e-6) for s in reversed(whole.spacing)]
        used = [array != 0 for array in arrays.values()] if shifted else list(inside.values())
        box = brain_box(used, margin)
        cropped = whole.crop(box)
        target = covering(cropped, spacing_mm)
        union = np.logical_or.reduce([mask[box] for mask in inside.values()])
        # The mask by SimpleITK itself: half a voxel is a tie there, which rounding would break.
        mask = threads.submit(_resample, union.astype(np.float32), cropped, target)
        variance = (0.0, 0.0, 0.0) if shifted else smoothing(cropped, target)
        matrices = axis_matrices(cropped, target, variance)
        image = np.zeros((len(present), *target.shape), np.float32)

        def fill(channel: int) -> float:
            name = channels[channel]
            if not shifted:
                scaled = normalise(arrays[name][box], inside[name][box], normalisation)
                image[channel] = along_axes(scaled, matrices)
                return 0.0
            raw = arrays[name][box].astype(np.float32)
            image[channel] = along_axes(raw, matrices)
            counted, size = counted_of(raw, image[channel], whole, target)
            scale = scale_of(counted, normalisation, size)
            if scale is None:
                raise _without_contrast(study, name)
            scale.of(image[channel])
            return scale.background

        background = tuple(threads.map(fill, np.flatnonzero(present).tolist()))
        brain = mask.result() >= 0.5
    if not shifted:
        image[:, ~brain] = 0
    if normalisation == "brain-zscore":
        np.clip(image, -CLIP, CLIP, out=image)
    with_skull = tuple(name for name in arrays if shows_skull(study.sequences[name]))
    outside = background if shifted else ()
    return ModelSpaceImage(image, target, present, brain, with_skull, outside)


def _without_contrast(study: Study, name: str) -> BadInput:
    return BadInput(
        f"{name} of study {study.name}",
        found="one value wherever it is not empty",
        expected="an image, whose mean and deviation scale it",
        do="Check the file",
    )


def labels_to_model_space(mask: Volume, image: ModelSpaceImage) -> NDArray[np.uint8]:
    """Bring a label map to model space: each class resampled linearly, the largest wins.

    Parameters
    ----------
    mask : Volume
        Labels 0-255 on the study's grid.
    image : ModelSpaceImage
        Of the same study.

    Returns
    -------
    ndarray of uint8, shape (z, y, x)
        On ``image.grid``; 0 outside the mask's grid.
    """
    return labels_on(mask, image.grid)


def labels_on(mask: Volume, target: Grid) -> NDArray[np.uint8]:
    """Bring a label map to another grid in LPS order; see `labels_to_model_space`."""
    array, grid = to_lps(mask.array, mask.grid), lps_grid(mask.grid)
    reach = _reach(grid, target)
    array, grid = array[reach], grid.crop(reach)
    values = [value for value in np.unique(array).tolist() if value != 0]
    shares = [_resample((array == value).astype(np.float32), grid, target) for value in values]
    labels = np.zeros(target.shape, np.uint8)
    best = 1 - np.sum(shares, axis=0, dtype=np.float32)  # background has the rest
    for value, share in zip(values, shares, strict=True):
        better = share > best
        best = np.where(better, share, best)
        labels[better] = value
    return labels


def to_study_grid(
    probabilities: NDArray[np.float32],
    image: ModelSpaceImage,
    grid: Grid,
    part: Box | None = None,
) -> NDArray[np.float32]:
    """Resample maps from model space linearly onto a study's grid.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (r, z, y, x)
        On ``image.grid``.
    image : ModelSpaceImage
    grid : Grid
        The study's reference grid, in any orientation.
    part : tuple of slice, optional
        The box of ``grid`` (z, y, x) that is wanted; all of it when left out.

    Returns
    -------
    ndarray of float32, shape (r, z, y, x)
        Of the part; 0 outside model space.
    """
    return maps_on(probabilities, image.grid, grid.crop(part) if part else grid)


def maps_on(maps: NDArray[np.float32], source: Grid, target: Grid) -> NDArray[np.float32]:
    """Resample maps (r, z, y, x) linearly from one grid to another of any orientation; 0 beyond."""
    there = np.zeros((len(maps), *target.shape), np.float32)
    box = _reach(target, source)
    for out, one in zip(there, maps, strict=True):
        out[box] = _interpolate(_to_image(one, source), target.crop(box))
    return there


def part_on_study_grid(box: Box, image: ModelSpaceImage, grid: Grid) -> Box:
    """Return the box of a study's grid that holds all that a box of model space touches.

    Interpolated values outside of it come from model space's other voxels alone.
    """
    return _reach(grid, image.grid.crop(box))


def _reach(grid: Grid, other: Grid) -> tuple[slice, slice, slice]:
    """Return the box of ``grid`` that ``other`` covers, and three of its voxels more."""
    nx, ny, nz = other.size
    ends = grid.point_to_index(other.moved([-3, -3, -3], (nx + 6, ny + 6, nz + 6)).corners())
    low = np.clip(np.floor(ends.min(axis=0)), 0, np.subtract(grid.size, 1)).astype(int)
    high = np.clip(np.ceil(ends.max(axis=0)) + 1, low + 1, grid.size).astype(int)
    x, y, z = (slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    return z, y, x


def _resample(array: NDArray[np.float32], grid: Grid, target: Grid) -> NDArray[np.float32]:
    """Smooth along axes that get coarser, then interpolate; both grids in LPS order."""
    variance = smoothing(grid, target)
    image = _to_image(array, grid)
    if any(variance):
        image = sitk.DiscreteGaussian(image, variance, 32, 0.01, False)
    return _interpolate(image, target)


def _to_image(array: NDArray[np.float32], grid: Grid) -> Any:
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    return image


def _interpolate(image: Any, grid: Grid) -> NDArray[np.float32]:
    done = sitk.Resample(
        image, grid.size, sitk.Transform(), sitk.sitkLinear, grid.origin, grid.spacing,
        grid.direction, 0.0, sitk.sitkFloat32,
    )  # fmt: skip
    return sitk.GetArrayFromImage(done)
