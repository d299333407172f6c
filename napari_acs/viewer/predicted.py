"""What a mask was before it was corrected: as the model made it, else as it was first seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import lps_grid, to_lps
from napari_acs.viewer.info import info_in
from napari_acs.viewer.marked import Marked

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_acs.review.correct import Nesting


_SAID = {
    "model": "The prediction is what the model made.",
    "elsewhere": "The prediction is the mask that came with the study.",
    "reader": "The prediction is the mask that this one was begun from.",
    "": "The prediction is the mask as it was when this panel first saw it.",
}
_CALLED = {
    "model": "the prediction",
    "elsewhere": "the mask that came with the study",
    "reader": "the mask that it was begun from",
    "": "the mask as this panel first saw it",
}


class FirstSeen:
    """Keeps what is in every mask as it was when it was first looked at."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Labels, Marked] = WeakKeyDictionary()

    def look(self, layer: Labels) -> None:
        """Keep what is in it, if nothing is kept."""
        if layer not in self._kept and isinstance(layer.data, np.ndarray):
            self._kept[layer] = Marked.of(layer.data)

    @staticmethod
    def check(layer: Labels) -> None:
        """Refuse a mask of which `of` may not know what it was.

        Raises
        ------
        BadInput
            It is no array in memory.
        """
        if not isinstance(layer.data, np.ndarray):
            raise BadInput(
                f"The layer {layer.name!r} cannot be compared with what it was",
                found=f"labels that are read piece by piece ({type(layer.data).__module__})",
                expected="labels in memory",
                do="Save the layer, and open the saved file",
            )

    def of(self, layer: Labels) -> NDArray[Any]:
        """Return the mask before corrections, as displayed (z, y, x in LPS order).

        Raises
        ------
        BadInput
            As `check`.
        """
        self.check(layer)
        info = info_in(layer.metadata)
        if info is not None and info.prediction is not None:
            shown = lps_grid(info.grid).shape
            if layer.data.shape == shown and info.prediction.shape == info.grid.shape:
                return to_lps(info.prediction, info.grid)
        self.look(layer)
        return self._kept[layer].whole()

    @staticmethod
    def called(layer: Labels) -> str:
        """Return what `of` returns, in a few words."""
        return _CALLED[_known_maker(layer)]

    @staticmethod
    def said(layer: Labels | None) -> str:
        """Return what `of` returns, in a sentence."""
        return _SAID[_known_maker(layer)]


def _known_maker(layer: Labels | None) -> str:
    info = info_in(layer.metadata) if layer is not None else None
    return info.maker if info is not None and info.prediction is not None else ""


def numbered_as(labels: NDArray[Any], nesting: Nesting) -> NDArray[np.uint8]:
    """Return labels with enhancing tumour numbered as in a mask: 3, or 4 as until 2021."""
    wanted = nesting.values[-1]
    other = 7 - wanted
    made: NDArray[np.uint8] = np.where(labels == other, wanted, labels).astype(np.uint8)
    return made
