"""A mask whose array was replaced by another one, by the user or by another plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.viewer.same_voxels import same_voxels

if TYPE_CHECKING:
    from napari.layers import Labels


def forget_other_steps(layer: Labels, before: Any) -> bool:
    """Let napari forget steps that were made in another array than a layer has now.

    napari keeps them: the next undo would write labels of the array before into the new one, or
    end in an error where that is smaller. Where all voxels are as they were (another data type),
    the steps stay.

    Parameters
    ----------
    layer : Labels
    before : array
        What its data was until now.

    Returns
    -------
    bool
        Whether they were forgotten.
    """
    now = layer.data
    if now is before or not layer.editable:  # a locked layer has no steps
        return False
    both = isinstance(now, np.ndarray) and isinstance(before, np.ndarray)
    if both and same_voxels(now, before):
        return False
    layer.editable = False  # napari forgets them then, and has no other way that is public
    layer.editable = True
    return True
