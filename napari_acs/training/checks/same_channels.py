"""One image as two sequences, whatever the files are: seen once they are prepared."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES

_SAME = 0.999
"""More correlated than this, two channels are one image.

Of the 156 pairs of sequences of the 26 shared cases at 2 mm the highest is 0.923 (T1 and T1ce of a
tumour that does not enhance). A copy in another format, type of voxel or scale has 0.9999.
"""


def refuse_same_channels(case: str, images: NDArray[np.floating], sequences: Sequence[str]) -> None:
    """Refuse a case of which two sequences show one image.

    Parameters
    ----------
    case : str
        Its name.
    images : ndarray, shape (c, z, y, x)
        In model space; 0 outside the brain, and all of a sequence that is lacking.
    sequences : sequence of str
        The channels.

    Raises
    ------
    BadInput
        Naming the two.
    """
    for (one, first), (two, second) in combinations(zip(sequences, images, strict=True), 2):
        there = (first != 0) | (second != 0)
        pair = first[there].astype(np.float64), second[there].astype(np.float64)
        if any(not image.any() or np.ptp(image) == 0 for image in pair):
            continue
        likeness = float(np.corrcoef(*pair)[0, 1])
        if likeness > _SAME:
            raise BadInput(
                f"The case {case} has one image as {TITLES.get(one, one)} and as "
                f"{TITLES.get(two, two)}",
                found=f"voxels that correlate by {likeness:.5f} (two sequences: below {_SAME})",
                expected="an image of its own for each sequence",
                do="Put the right file in its place, or take one out (may_lack in a recipe)",
            )
