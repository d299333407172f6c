"""Whether every volume says where its voxels are."""

from __future__ import annotations

import numpy as np

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.no_place import says_no_place
from napari_acs.imaging.check.subject import Subject, title, titles
from napari_acs.imaging.check.two_places import two_places_mm
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.orient import lps_axes

OBLIQUE_DEG = 35.0
"""Beyond this the axes are nearly as far from one patient axis as from the next. Clinical
slices are tilted by up to some 25 degrees (the shared TCGA case: 17)."""
FEWEST_VOXELS = 4
"""Along each axis; `Study` refuses less."""


def geometry(subject: Subject) -> CheckLine:
    """Thin volumes are red; steep ones and those with no place, or two, amber.

    The rest a `Grid` has seen to already.
    """
    thin, steep, tilted, twice, nowhere = [], [], [], [], []
    for key, volume in subject.volumes.items():
        if min(volume.array.shape) < FEWEST_VOXELS:
            thin.append(f"{title(key)} has only {min(volume.array.shape)} voxel(s) along one axis")
        if apart := two_places_mm(volume):
            twice.append(f"{title(key)} by {apart:.0f} mm")
        if says_no_place(volume):
            nowhere.append(title(key))
        tilt = obliqueness(volume.grid)
        if tilt > OBLIQUE_DEG:
            steep.append(f"{title(key)} by {tilt:.0f} degrees")
        elif tilt >= 1:
            tilted.append(f"{title(key)} {tilt:.0f}")
    if thin:
        return CheckLine(
            "geometry",
            "red",
            "Not a 3D volume",
            "; ".join(thin),
            "Choose the whole series, not a single slice",
        )
    if twice:
        return CheckLine(
            "geometry",
            "amber",
            "A header states two places that differ",
            f"qform and sform differ, {', '.join(twice)}; programs do not agree on which to take, "
            "so that the place, and which side is left, may be others elsewhere (here: as in ITK)",
            "Look whether the letters on the image are right; if not, correct the header",
        )
    if nowhere:
        return CheckLine(
            "geometry",
            "amber",
            "A header does not say which side is left",
            f"Neither qform nor sform in {titles(nowhere)}: here the first axis is taken to run to "
            "the patient's left and the second to the back, as in ITK; other programs take others",
            "Compare the letters on the image with the scanner's, and export it with directions",
        )
    if steep:
        return CheckLine(
            "geometry",
            "amber",
            "Slices are tilted steeply",
            f"Against the patient's axes {', '.join(steep)}",
            "Check that the orientation in the header is right",
        )
    found = f"tilted against the patient's axes (degrees): {', '.join(tilted)}" if tilted else ""
    return CheckLine("geometry", "green", "Every volume says where its voxels are", found)


def obliqueness(grid: Grid) -> float:
    """Return the largest angle between an index axis and its nearest patient axis, in degrees."""
    order, _ = lps_axes(grid)
    cosines = np.abs(np.reshape(grid.direction, (3, 3)))
    nearest = min(float(cosines[i, axis]) for i, axis in enumerate(order))
    return float(np.degrees(np.arccos(np.clip(nearest, 0.0, 1.0))))
