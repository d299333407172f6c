"""Whether a reference mask lies in the head that its images show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.ndimage import binary_fill_holes

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging import Study

MOST_IN_AIR: Final = 0.05
"""Share of a mask that may lie where no image shows anything.

Of the 26 shared BraTS cases it is at most 0.0022. Of their masks on another one's images 21 % have
more than 0.05, turned over from front to back 17 of 26, from top to bottom 10.
"""


def refuse_in_air(study: Study, whole: NDArray[np.bool_], mask: str) -> None:
    """Refuse a mask of which too much lies where every image is 0, beyond the head.

    Grids can agree and the mask be another patient's all the same, or its voxels be turned over
    under the right header. Where images have no background of 0, nothing is told.

    Parameters
    ----------
    study : Study
    whole : ndarray of bool, shape (z, y, x)
        What the mask marks, on the study's grid.
    mask : str
        Its file's name.

    Raises
    ------
    BadInput
        More than `MOST_IN_AIR` of it does.
    """
    if not whole.any():
        return
    shown = np.zeros(int(np.count_nonzero(whole)), bool)
    for volume in study.sequences.values():
        shown |= volume.array[whole] != 0
    if (~shown).mean() <= MOST_IN_AIR:
        return
    head = np.zeros(whole.shape, bool)
    for volume in study.sequences.values():
        head |= volume.array != 0
    # What is 0 within a head, such as fluid on FLAIR alone, is no air.
    share = float((~binary_fill_holes(head)[whole]).mean())
    if share <= MOST_IN_AIR:
        return
    raise BadInput(
        f"The reference mask {mask} does not lie in the head of its images",
        found=f"{share:.0%} of what it marks is where every image is 0",
        expected=f"{MOST_IN_AIR:.0%} at most",
        do="Look at both together: it may be another patient's, or its voxels may be turned over",
    )
