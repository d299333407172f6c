"""Whether the voxels are as fine as the model's."""

from __future__ import annotations

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.subject import Subject, title
from napari_acs.imaging.orient import lps_grid

COARSER = 2.5
"""How many times coarser than the model's voxels an axis may be. Up to here a voxel holds what
two of the model's do; a 5 mm slice on a 1.5 mm model is 3.3 times."""


def model(subject: Subject) -> CheckLine:
    """Slices much thicker than the model's voxels are amber."""
    needs = subject.needs
    if needs is None:
        return CheckLine("model", "green", "No model to compare with")
    coarse = []
    for key, volume in subject.volumes.items():
        mm = lps_grid(volume.grid).spacing
        ratios = [a / b for a, b in zip(mm, needs.spacing_mm, strict=False)]
        if ratios and max(ratios) > COARSER:
            axis = ratios.index(max(ratios))
            coarse.append((mm[axis], needs.spacing_mm[axis], key))
    if coarse:
        each = ", ".join(f"{title(key)} {mm:.2g} mm" for mm, _, key in coarse)
        thickest = max(mm for mm, _, _ in coarse)
        return CheckLine(
            "model",
            "amber",
            "Slices are thicker than the model's voxels",
            f"{each}, the model's {coarse[0][1]:.2g} mm",
            f"Details finer than {thickest:.2g} mm come from interpolation; use a series with "
            "thinner slices if there is one",
        )
    return CheckLine("model", "green", "Voxels are as fine as the model needs them")
