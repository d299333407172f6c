"""The edit cost of every region of a prediction."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.metrics import DEFINITIONS, WORST_HD95_MM, dice, hd95_of, surface_distances
from napari_acs.review.boxes import around
from napari_acs.review.edits.path_length import added_path_length
from napari_acs.review.measure.regions import REGIONS, check_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid

TOLERANCE_MM = 1.0
"""Surfaces within this distance count as equal: a voxel of the common 1 mm scan. Nikolov takes, for
each organ, how far experts are apart; for tumours of the brain there is no such figure here."""

EDIT_DEFINITIONS: Final = {
    **DEFINITIONS,
    "surface_dice": (
        "part of both surfaces' voxels that lie within the tolerance of the other surface "
        "(Nikolov 2021, J Med Internet Res 23:e26151; voxels counted, not areas, as in MONAI)"
    ),
    "added_path_length": (
        "contour voxels of the correction, plane by plane, that are no contour voxels of the "
        "prediction (Vaassen 2020); in mm, times the in-plane voxel side"
    ),
    "empty_masks": (
        f"{DEFINITIONS['empty_masks']}; surface Dice as Dice. Added path length: the whole "
        "contour where the prediction is empty, 0 where the correction is"
    ),
}
"""What the numbers mean, for a report."""


@dataclass(frozen=True)
class EditCost:
    """How far a region's prediction is from its correction; see `EDIT_DEFINITIONS`.

    Attributes
    ----------
    dice : float
        0 to 1; 1 where both are empty, 0 where one is.
    hd95_mm : float
        0 where both are empty, 373.13 (BraTS) where one is.
    surface_dice : float
        0 to 1, at ``surface_tolerance_mm``; 1 where both are empty, 0 where one is.
    surface_tolerance_mm : float
    added_path_length_mm : float
    added_path_length_voxels : int
    volume_change_ml : float
        Corrected less predicted.
    voxels_added, voxels_removed : int
        In the correction alone, in the prediction alone.
    """

    dice: float
    hd95_mm: float
    surface_dice: float
    surface_tolerance_mm: float
    added_path_length_mm: float
    added_path_length_voxels: int
    volume_change_ml: float
    voxels_added: int
    voxels_removed: int

    def to_dict(self) -> dict[str, Any]:
        """Return numbers by name, ready for JSON; keys name the units."""
        return asdict(self)


def edit_costs(
    predicted: NDArray[Any],
    corrected: NDArray[Any],
    grid: Grid,
    tolerance_mm: float = TOLERANCE_MM,
) -> dict[str, EditCost]:
    """Compare a predicted mask with its correction, region by region.

    Parameters
    ----------
    predicted, corrected : ndarray of int, shape (z, y, x)
        0 none, 1 necrotic or non-enhancing core, 2 oedema, 3 enhancing tumour.
    grid : Grid
        Of both.
    tolerance_mm : float
        For the surface Dice.

    Returns
    -------
    dict of str to EditCost
        WT, TC and ET.

    Raises
    ------
    BadInput
        An array is no mask of ours or not on this grid, or the tolerance is below 0.
    """
    if not tolerance_mm >= 0:
        raise BadInput(
            "The surface tolerance cannot be used",
            found=f"{tolerance_mm} mm",
            expected="0 mm or more",
        )
    boxes = (
        check_labels(predicted, grid, "The predicted mask"),
        check_labels(corrected, grid, "The corrected mask"),
    )
    box = around([box for box in boxes if box]) or (slice(0),) * 3
    a, b = predicted[box], corrected[box]
    return {
        name: _cost(np.isin(a, values), np.isin(b, values), grid, tolerance_mm)
        for name, values in REGIONS.items()
    }


def _cost(
    predicted: NDArray[np.bool_], corrected: NDArray[np.bool_], grid: Grid, tolerance_mm: float
) -> EditCost:
    added = int(np.count_nonzero(corrected & ~predicted))
    removed = int(np.count_nonzero(predicted & ~corrected))
    there, back = predicted.any(), corrected.any()
    if there and back:
        x, y, z = grid.spacing
        distances = surface_distances(predicted, corrected, (z, y, x))
        far, near = hd95_of(*distances), surface_dice_of(*distances, tolerance_mm)
    else:
        far, near = (WORST_HD95_MM, 0.0) if there or back else (0.0, 1.0)
    path = added_path_length(predicted, corrected, grid)
    return EditCost(
        dice=dice(predicted, corrected),
        hd95_mm=far,
        surface_dice=near,
        surface_tolerance_mm=tolerance_mm,
        added_path_length_mm=path.mm,
        added_path_length_voxels=path.voxels,
        volume_change_ml=(added - removed) * grid.voxel_ml,
        voxels_added=added,
        voxels_removed=removed,
    )


def surface_dice_of(
    there: NDArray[np.float64], back: NDArray[np.float64], tolerance_mm: float
) -> float:
    """Return the surface Dice of what `napari_acs.imaging.metrics.surface_distances` returned."""
    limit = tolerance_mm + 1e-6  # a voxel away is a voxel away, whatever its float says
    near = np.count_nonzero(there <= limit) + np.count_nonzero(back <= limit)
    return float(near) / (len(there) + len(back))
