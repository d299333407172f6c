"""Whether voxels and volumes have the size of a head."""

from __future__ import annotations

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.subject import Subject, title
from napari_acs.imaging.grid import Grid

VOXEL_MM = (0.3, 8.0)
"""Voxel edges of clinical brain MRI (the shared cases: 0.78 to 6.5 mm)."""
EXTENT_MM = (90.0, 350.0)
"""Along each axis of the volume (the shared cases: 143 to 256 mm, but for those whose spacing
was lost: 24 mm)."""
IMPOSSIBLE_MM = (40.0, 1000.0)
"""A longest side that is no head's in any unit of mm."""


def spacing(subject: Subject) -> CheckLine:
    """Impossible sizes are red (metres or pixels for mm), odd ones amber."""
    impossible, odd = [], []
    for key, volume in subject.volumes.items():
        extent = _extent(volume.grid)
        if not IMPOSSIBLE_MM[0] <= max(extent) <= IMPOSSIBLE_MM[1]:
            impossible.append(f"{title(key)} is {_mm(extent)} large")
            continue
        odd += [f"{title(key)}: {what}" for what in _odd(volume.grid, extent)]
    if impossible:
        return CheckLine(
            "spacing",
            "red",
            "The voxel size cannot be right",
            "; ".join(impossible),
            "Export the images again with their spacing in mm",
        )
    if odd:
        return CheckLine(
            "spacing",
            "amber",
            "The voxel size is odd for a head",
            "; ".join(odd),
            "Compare it with the scanner's; volumes in ml and shapes depend on it",
        )
    return CheckLine("spacing", "green", "Voxels and volumes have the size of a head")


def _odd(grid: Grid, extent: tuple[float, ...]) -> list[str]:
    found = []
    thin = min(extent) < EXTENT_MM[0]
    if thin and all(abs(mm - 1) < 1e-6 for mm in grid.spacing):
        found.append(
            f"the true spacing is probably lost (1 x 1 x 1 mm, but only {min(grid.size)} slices: "
            f"{_mm(extent)})"
        )
    elif thin:
        found.append(f"too thin for a head ({_mm(extent)})")
    if max(extent) > EXTENT_MM[1]:
        found.append(f"too large for a head ({_mm(extent)})")
    if not all(VOXEL_MM[0] <= mm <= VOXEL_MM[1] for mm in grid.spacing):
        found.append(f"voxels of {_mm(grid.spacing, 3)}")
    return found


def _extent(grid: Grid) -> tuple[float, ...]:
    return tuple(n * mm for n, mm in zip(grid.size, grid.spacing, strict=True))


def _mm(values: tuple[float, ...], digits: int = 4) -> str:
    return " x ".join(f"{value:.{digits}g}" for value in values) + " mm"
