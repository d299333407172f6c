"""Which regions of a label map lie in which, and how deep a voxel is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNKNOWN = 255


@dataclass(frozen=True)
class Nesting:
    """Regions, outermost first, and the label of what is in a region but in no inner one.

    The depth of a voxel is the number of regions that it lies in. A region of depth k is all
    voxels at least that deep, so every map of depths is nested, whatever was done to it.

    Attributes
    ----------
    regions : tuple of str
        Names, outermost first.
    labels : tuple of str
        Names of the tissues, in the same order: ED is in WT but not in TC.
    values : tuple of int
        Their values in a label map; 0 is background.
    """

    regions: tuple[str, ...]
    labels: tuple[str, ...]
    values: tuple[int, ...]

    def __post_init__(self) -> None:
        known = set(self.values)
        if not len(self.regions) == len(self.labels) == len(self.values) == len(known):
            raise ValueError(f"regions, labels and values that do not fit each other: {self}")
        if not known or 0 in known or not known < set(range(_UNKNOWN)):
            raise ValueError(f"label values must be from 1 to 254: {self.values}")

    def level(self, region: str) -> int:
        """Return the depth of a region: 1 for the outermost.

        Raises
        ------
        BadInput
            There is no such region.
        """
        return _place(region, self.regions, "region") + 1

    def level_of_label(self, label: str) -> int:
        """Return the depth of a tissue; 0 for ``"background"``.

        Raises
        ------
        BadInput
            There is no such label.
        """
        return _place(label, ("background", *self.labels), "label")

    def depth(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the depth of every voxel, in a new array.

        Raises
        ------
        BadInput
            A label that belongs to no region.
        """
        table = np.full(256, _UNKNOWN, np.uint8)
        table[[0, *self.values]] = np.arange(len(self.values) + 1)
        depth: NDArray[np.uint8] = table[labels]
        if depth.size and depth.max() == _UNKNOWN:
            strange = np.unique(labels[depth == _UNKNOWN])[:5].tolist()
            known = zip(self.values, self.labels, strict=True)
            raise BadInput(
                "The mask has labels that cannot be corrected here",
                found=", ".join(map(str, strange)),
                expected=", ".join(f"{value} {name}" for value, name in sorted(known)),
                do="Give these voxels one of the known labels first",
            )
        return depth

    def back(self, depth: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the label map of depths, in a new array."""
        labels: NDArray[np.uint8] = np.array([0, *self.values], np.uint8)[depth]
        return labels

    def masks(self, labels: NDArray[Any]) -> dict[str, NDArray[np.bool_]]:
        """Return the mask of every region of a label map, outermost first."""
        depth = self.depth(labels)
        return {name: depth > place for place, name in enumerate(self.regions)}


def _place(name: str, names: tuple[str, ...], what: str) -> int:
    if name not in names:
        raise BadInput(
            f"There is no {what} {name!r}",
            expected=", ".join(names),
            do=f"Choose one of these {what}s",
        )
    return names.index(name)


GLIOMA = Nesting(("WT", "TC", "ET"), ("ED", "NCR", "ET"), (2, 1, 3))
"""The regions of BraTS, ET in TC in WT, in this package's labels: 1 NCR, 2 ED, 3 ET."""
