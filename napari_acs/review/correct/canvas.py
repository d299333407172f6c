"""A label map that is to be corrected, where in it, and the way from a window to a change."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.boxes import (
    Box,
    Shape,
    bounding_box,
    checked,
    common,
    inside,
    moved,
    whole,
)
from napari_acs.review.correct.change import Change
from napari_acs.review.correct.nesting import GLIOMA, Nesting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid


@dataclass(frozen=True, eq=False)
class Canvas:
    """What every correction is given. It is read, never written.

    A correction answers for the whole mask, and then only what lies in ``box`` changes: a part
    of the mask beyond the box still counts for what is a hole, an island or a neighbour.

    Parameters
    ----------
    labels : ndarray of uint8, shape (z, y, x)
    spacing : sequence of float
        Voxel size along (z, y, x), in mm. (A Grid's is x, y, z: see `on`.)
    box : sequence of slice, optional
        Along (z, y, x); nothing outside of it changes. Left out: the whole array.
    nesting : Nesting
        What the labels mean.

    Raises
    ------
    BadInput
        Another type or number of axes, spacing that is not positive, a box that does not fit.
    """

    labels: NDArray[np.uint8]
    spacing: Sequence[float]
    box: Sequence[slice] | None = None
    nesting: Nesting = GLIOMA
    within: Box = field(init=False, repr=False)

    def __post_init__(self) -> None:
        array = self.labels
        if not isinstance(array, np.ndarray) or array.ndim != 3 or array.dtype != np.uint8:
            kind = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array)
            raise BadInput(
                "The mask cannot be corrected",
                found=str(kind),
                expected="labels as uint8 of shape (z, y, x)",
                do="Convert the layer to a label map of one study",
            )
        if len(self.spacing) != 3 or not all(math.isfinite(s) and s > 0 for s in self.spacing):
            raise BadInput(
                "The mask cannot be corrected without the size of its voxels",
                found=str(tuple(self.spacing)),
                expected="three lengths in mm (z, y, x)",
                do="Open the study that the mask belongs to",
            )
        box = whole(self.shape) if self.box is None else checked(self.box, self.shape)
        object.__setattr__(self, "within", box)

    @classmethod
    def on(
        cls,
        labels: NDArray[np.uint8],
        grid: Grid,
        box: Sequence[slice] | None = None,
        nesting: Nesting = GLIOMA,
    ) -> Canvas:
        """Return the canvas of a label map that lies on a grid.

        Raises
        ------
        BadInput
            As the class itself, and for labels of another shape than the grid's.
        """
        if labels.shape != grid.shape:
            raise _misfit("The mask", labels.shape, grid.shape, "the study that it belongs to")
        x, y, z = grid.spacing
        return cls(labels, (z, y, x), box, nesting)

    @property
    def shape(self) -> Shape:
        """Shape (z, y, x) of the label map."""
        z, y, x = self.labels.shape
        return z, y, x

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in ml."""
        return math.prod(self.spacing) / 1000

    def depth(self, window: Box) -> NDArray[np.uint8]:
        """Return how deep the voxels of a window lie in the regions; a new array."""
        return self.nesting.depth(self.labels[window])

    def extent(self, level: int = 1) -> Box | None:
        """Return the smallest box around a region of the whole mask, None if it is empty."""
        box = bounding_box(self.labels)
        if box is None or level == 1:
            return box
        inner = bounding_box((self.depth(box) >= level).view(np.uint8))
        return None if inner is None else moved(inner, box)

    def on_same_grid(self, array: NDArray[Any], name: str) -> None:
        """Refuse an array (an image, a prediction, a brain mask) of another shape.

        Raises
        ------
        BadInput
            Its shape is not that of the label map.
        """
        if array.shape != self.shape:
            raise _misfit(name, array.shape, self.shape, "one on the grid of the mask")

    def change(self, window: Box, depth: NDArray[np.uint8], said: str) -> Change:
        """Return the change that gives a window these depths, as far as it lies in the box.

        Parameters
        ----------
        window : Box
        depth : ndarray of uint8
            Of the window's shape.
        said : str
            What was done; how much changed is added.
        """
        part = common(window, self.within)
        if part is None:
            return self.nothing(said)
        before = self.labels[part]
        after = self.nesting.back(depth[inside(part, window)])
        at = np.flatnonzero(before != after)
        if not len(at):
            return self.nothing(said)
        within = np.unravel_index(at, before.shape)
        places = tuple(axis + s.start for axis, s in zip(within, part, strict=True))
        indices = np.ravel_multi_index(places, self.shape).astype(np.int64, copy=False)
        return self.changed(indices, before[within], after.reshape(-1)[at], said)

    def changed(
        self,
        indices: NDArray[np.int64],
        before: NDArray[np.uint8],
        after: NDArray[np.uint8],
        said: str,
    ) -> Change:
        """Return the change of these voxels; how much it is is added to what is said."""
        count = len(indices)
        if not count:
            return self.nothing(said)
        noun = "voxel" if count == 1 else "voxels"
        said = f"{said}: {count} {noun} ({count * self.voxel_ml:.2f} ml) changed"
        return Change(indices, before, after, said)

    def nothing(self, said: str) -> Change:
        """Return the change of no voxel."""
        none = np.zeros(0, np.uint8)
        return Change(np.zeros(0, np.int64), none, none, f"{said}: nothing changed")


def _misfit(name: str, found: object, expected: object, do: str) -> BadInput:
    return BadInput(
        f"{name} does not fit",
        found=f"an array of shape {found}",
        expected=f"{expected} (z, y, x)",
        do=f"Choose {do}",
    )


def positive_mm(value: float, what: str) -> float:
    """Return a length in mm.

    Raises
    ------
    BadInput
        It is no number above 0.
    """
    if not (math.isfinite(value) and value > 0):
        raise BadInput(
            f"{what} is no length",
            found=f"{value:g} mm",
            expected="a number of mm above 0",
            do="Enter a larger number",
        )
    return float(value)
