"""A grid that has nothing of a default, and files on grids."""

from __future__ import annotations

import numpy as np
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


@pytest.fixture
def image(grid, tmp_path, write_image):
    """Return an Image layer of a file that is there."""
    from napari.layers import Layer  # noqa: PLC0415 (see tests/conftest.py)

    from napari_acs.viewer.info import LayerInfo  # noqa: PLC0415
    from napari_acs.viewer.layers import image_layer  # noqa: PLC0415

    array = np.random.default_rng(0).integers(0, 900, grid.shape).astype(np.int16)
    path = write_image(tmp_path / "case_t1.nii.gz", array, grid)
    return Layer.create(*image_layer(array, LayerInfo(grid, path, "case", "t1"), "T1 case"))
