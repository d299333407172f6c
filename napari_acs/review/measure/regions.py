"""Which labels make which region, and what a mask of ours is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from napari_acs.errors import BadInput
from napari_acs.review.boxes import bounding_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.review.boxes import Box

LABELS: Final[Mapping[str, int]] = MappingProxyType({"NCR": 1, "ED": 2, "ET": 3})
"""Label values inside this package: necrotic and non-enhancing core, oedema, enhancing tumour."""

REGIONS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {"WT": (1, 2, 3), "TC": (1, 3), "ET": (3,)}
)
"""BraTS regions by the labels in them: whole tumour, tumour core, enhancing tumour."""


def check_labels(labels: NDArray[Any], grid: Grid, called: str = "The mask") -> Box | None:
    """Refuse a mask that is none of ours, and find what of it is not 0.

    Parameters
    ----------
    labels : ndarray of int, shape (z, y, x)
    grid : Grid
        Of the array.
    called : str
        The mask's name in a refusal.

    Returns
    -------
    tuple of slice, or None
        The smallest box (z, y, x) with every labelled voxel; None where there is none.

    Raises
    ------
    BadInput
        Another shape than the grid's, values that are no whole numbers, or values other than 0
        to 3.
    """
    if labels.shape != grid.shape:
        raise BadInput(
            f"{called} does not fit its grid",
            found=f"an array of {labels.shape}",
            expected=f"{grid.shape} (z, y, x)",
            do="Give the mask together with the grid of its own file",
        )
    if labels.dtype.kind not in "ui":
        raise BadInput(
            f"{called} is no label mask",
            found=f"voxels of type {labels.dtype}",
            expected="whole numbers (uint8)",
            do="Round or threshold it first",
        )
    box = bounding_box(labels)
    if box is None:
        return None
    low, high = int(labels[box].min()), int(labels[box].max())
    if low < 0 or high > max(LABELS.values()):
        raise BadInput(
            f"{called} has labels that are not known",
            found=f"the value {low if low < 0 else high}",
            expected=", ".join(f"{value} {name}" for name, value in LABELS.items()),
            do="Open it as a labels layer, where BraTS values (1, 2, 4) are recognised, or relabel",
        )
    return box
