"""A grid that has nothing of a default, and files on grids."""

from __future__ import annotations

import pytest
import SimpleITK as sitk
from viewer.grids import direction

from napari_acs.imaging import Grid


@pytest.fixture
def grid() -> Grid:
    """Sagittal slices, 1.5 mm apart, tilted: nothing about it is a default."""
    return Grid(
        (12, 10, 6),
        (0.9, 0.9, 1.5),
        (40.0, -31.0, 12.5),
        direction((1, 2, 0), (-1, 1, -1), (4, 7, -3)),
    )


@pytest.fixture
def write_image():
    def write(path, array, grid: Grid):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(grid.spacing)
        image.SetOrigin(grid.origin)
        image.SetDirection(grid.direction)
        sitk.WriteImage(image, str(path))
        return path

    return write
