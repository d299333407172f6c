"""What a correction does to a label map: which voxels, what they were, what they become."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Change:
    """One step that can be applied, undone and kept in a journal.

    In napari, ``labels.data_setitem(change.where(labels.data.shape), change.after)`` is one
    step of undo.

    Attributes
    ----------
    indices : ndarray of int64, shape (n)
        Of the voxels that change, ascending, in the flattened (C order) array (z, y, x).
    before, after : ndarray of uint8, shape (n)
        Their labels; they differ everywhere.
    said : str
        What was done, in one sentence.
    """

    indices: NDArray[np.int64]
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    said: str

    def __len__(self) -> int:
        return len(self.indices)

    def where(self, shape: tuple[int, ...]) -> tuple[NDArray[np.int64], ...]:
        """Return the indices along each axis of an array of this shape."""
        return tuple(np.unravel_index(self.indices, shape))

    def applied(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a copy of a label map with the change made.

        Raises
        ------
        BadInput
            The labels are not those that the change was made for.
        """
        made = np.array(labels, np.uint8, order="C")
        flat = made.reshape(-1)
        fits = not len(self) or self.indices[-1] < flat.size
        if not fits or not np.array_equal(flat[self.indices], self.before):
            raise BadInput(
                "The mask has changed since this correction was worked out",
                do="Run the correction again",
            )
        flat[self.indices] = self.after
        return made

    def reversed(self) -> Change:
        """Return the change that undoes this one."""
        return replace(self, before=self.after, after=self.before, said=f"Undone: {self.said}")
