"""A NIfTI header that says twice where its voxels are, and not the same."""

from __future__ import annotations

from itertools import product

import numpy as np

from napari_acs.imaging.labels.rawgrid import raw_affines
from napari_acs.imaging.volume import Volume

_NOTICED_MM = 1.0
"""Rounding a rotation to a quaternion of float32 moves the corners of a head by 0.001 mm."""


def two_places_mm(volume: Volume) -> float:
    """Return how far apart the corners of a volume are by its file's qform and by its sform.

    Programs choose differently where the two differ: nibabel and FSL take the sform, ITK and 3D
    Slicer now the one and now the other. One of them may be mirrored.

    Parameters
    ----------
    volume : Volume
        Its file is opened once more, for the header.

    Returns
    -------
    float
        In mm; 0 below 1 mm, where the header says it once, and where there is no such file (any
        more).
    """
    source = volume.source
    if source is None or volume.history or not source.name.lower().endswith((".nii", ".nii.gz")):
        return 0.0
    try:
        affines = raw_affines(source)
    except (OSError, EOFError, ValueError):
        return 0.0
    if len(affines) < 2:
        return 0.0
    ends = [(0, side - 1) for side in volume.grid.size]
    corners = np.array([[*corner, 1.0] for corner in product(*ends)])
    apart = np.linalg.norm(corners @ (affines[0] - affines[1]).T, axis=1)
    furthest = float(apart.max())
    return furthest if furthest > _NOTICED_MM else 0.0
