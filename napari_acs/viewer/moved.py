"""Layers that no longer lie where their files do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.viewer.display import is_placed
from napari_acs.viewer.info import OVERLAY, info_in, is_diagonal

if TYPE_CHECKING:
    from napari.layers import Layer


def refuse_moved(layers: Iterable[Layer]) -> None:
    """Raise what is to be said where a volume was moved on the screen since it was opened.

    A mask is kept voxel by voxel on the grid of its images: whoever shifts it, or an image under
    it, until both fit, sees something that no file will hold.

    Parameters
    ----------
    layers : iterable of Layer
        Masks and images; those that napari-acs did not open are passed over.

    Raises
    ------
    BadInput
    """
    for layer in layers:
        info = info_in(layer.metadata)
        if info is None or OVERLAY in layer.metadata:
            continue
        there = is_placed(info.grid, layer.data.shape, layer.scale, layer.translate)
        if not (there and is_diagonal(layer)):
            raise BadInput(
                f"The layer {layer.name!r} was moved, rotated or sheared after it was opened",
                found="a place on the screen that no file has",
                expected="the place of its file, where voxels are kept",
                do="Select the layer, and Alt-click napari's transform button, which takes it back",
            )
