"""Take the skull off: one constant value outside the brain, and the brain as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.brain import is_skull_stripped
from napari_acs.imaging.brain_mask import BrainMask
from napari_acs.imaging.registration.field_of_view import imaged
from napari_acs.imaging.volume import Volume


def strip(volumes: Mapping[str, Volume], brain: BrainMask) -> dict[str, Volume]:
    """Empty everything outside the brain.

    The background becomes 0 in images without negative values, and the least value of the
    brain in others (z-scored images, say, where 0 is the middle of the brain). `foreground` and
    `normalise` tell the brain by its difference from the background, so brain voxels that have
    just that value are lifted to a value just above it (by 1, or in floats by a millionth of the
    brain's range): else they would be holes. Of a volume that was resampled, what lies outside
    its field of view stays background. A volume that is stripped already and shows
    nothing outside the mask is returned as it is.

    Parameters
    ----------
    volumes : mapping of str to Volume
        On the mask's grid.
    brain : BrainMask

    Returns
    -------
    dict of str to Volume
        Same names, types, sources and DICOM origin; the mask's step is added to the history.

    Raises
    ------
    BadInput
        A volume lies on another grid, or the mask is empty or fills the image so far that
        nothing could tell its background.
    """
    _check(volumes, brain)
    return {name: _stripped(volume, brain) for name, volume in volumes.items()}


def _check(volumes: Mapping[str, Volume], brain: BrainMask) -> None:
    part = np.count_nonzero(brain.mask) / brain.mask.size
    if not 0 < part < 2 / 3:
        raise BadInput(
            "the brain mask cannot be used",
            found=f"{part:.0%} of the image is brain in it",
            expected="a brain with empty space around it",
            do="Choose another mask",
        )
    for name, volume in volumes.items():
        difference = brain.grid.difference(volume.grid)
        if difference:
            raise BadInput(
                f"{name} and the brain mask are on different grids",
                found=difference,
                expected="sequences that are co-registered on the mask's grid",
                do="Register and resample them first",
            )


def _stripped(volume: Volume, brain: BrainMask) -> Volume:
    array, mask = volume.array, brain.mask
    if (seen := imaged(volume)) is not None:  # what fills the grid is no dark tissue
        mask = mask & seen
    outside = array[~mask]
    empty = bool((outside == outside[0]).all())
    if empty and is_skull_stripped(array, volume.grid.voxel_ml):
        return volume
    inside = array[mask]
    background = array.dtype.type(0) if array.min() >= 0 else inside.min()
    stripped = np.full_like(array, background)
    inside[inside == background] = _lifted(background, inside.max())
    stripped[mask] = inside
    return replace(volume, array=stripped, history=(*volume.history, brain.step))


def _lifted(background: Any, highest: Any) -> Any:
    """Return a value just above the background: 1 more, or a millionth of the brain's range."""
    if background.dtype.kind != "f":
        return background + background.dtype.type(1)
    lifted = background + (highest - background) * background.dtype.type(1e-6)
    # Where a millionth is lost in rounding; float32, because the next reader may round to it.
    single = np.nextafter(np.float32(background), np.float32(np.inf)).astype(background.dtype)
    above = np.nextafter(background, background.dtype.type(np.inf))
    return max(lifted, single, above)
