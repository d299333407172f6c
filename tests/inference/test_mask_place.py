"""A mask that lies in the air is another patient's, or turned over: it is refused by its name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Study, Volume
from napari_acs.inference.mask_place import MOST_IN_AIR, refuse_in_air
from napari_acs.inference.reference import FolderCase

SHAPE = (20, 24, 28)
GRID = Grid(SHAPE[::-1], (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


@pytest.fixture
def study():
    """A head in one half of the volume, and 0 around it."""
    image = np.zeros(SHAPE, np.float32)
    image[2:18, 2:12, 2:26] = 100
    return Study("x", {"flair": Volume(image, GRID), "t2": Volume(image.copy(), GRID)})


def _mask(*box):
    marked = np.zeros(SHAPE, bool)
    marked[box] = True
    return marked


def test_a_mask_in_the_head_passes_and_one_turned_over_is_refused(study):
    inside = _mask(slice(4, 10), slice(3, 8), slice(4, 12))
    refuse_in_air(study, inside, "x_seg.nii.gz")
    refuse_in_air(study, np.zeros(SHAPE, bool), "x_seg.nii.gz")
    with pytest.raises(BadInput, match=r"x_seg.nii.gz does not lie in the head.*100% of what"):
        refuse_in_air(study, inside[:, ::-1], "x_seg.nii.gz")


def test_a_little_beyond_the_surface_is_no_fault(study):
    sides = (slice(4, 14), slice(4, 14))
    most = _mask(sides[0], slice(2, 12), sides[1])
    beyond = _mask(slice(4, 14), slice(12, 13), slice(4, 8))  # 40 of 1040 voxels
    refuse_in_air(study, most | beyond, "m")
    more = _mask(sides[0], slice(12, 13), sides[1])  # 100 of 1100
    assert more.sum() / (most | more).sum() > MOST_IN_AIR
    with pytest.raises(BadInput, match="9% of what it marks"):
        refuse_in_air(study, most | more, "m")


def test_what_is_dark_within_the_head_or_in_one_image_is_no_air(study):
    fluid = _mask(slice(6, 12), slice(5, 9), slice(6, 12))
    array = np.where(fluid, np.float32(0), study.sequences["t2"].array)
    dark = {key: Volume(array.copy(), GRID) for key in study.sequences}
    refuse_in_air(replace(study, sequences=dark), fluid, "m")
    half = study.sequences["t2"].array.copy()
    half[:, :, :14] = 0  # cut off, where FLAIR shows the head
    cut = replace(study, sequences={**study.sequences, "t2": Volume(half, GRID)})
    refuse_in_air(cut, _mask(slice(4, 8), slice(4, 8), slice(4, 12)), "m")


def test_images_without_a_background_of_0_tell_nothing(study):
    noisy = {key: Volume(v.array + 1, GRID) for key, v in study.sequences.items()}
    refuse_in_air(replace(study, sequences=noisy), _mask(slice(0, 2)), "m")


@needs_shared_data
def test_a_real_mask_on_another_patients_images(tmp_path):
    def case(images, mask, name):
        folder = tmp_path / name
        folder.mkdir()
        own = SHARED_DATA / "brats2021" / images
        for file in own.glob("*_flair.nii*"):
            (folder / file.name).symlink_to(file)
        for file in (SHARED_DATA / "brats2021" / mask).glob("*_seg.nii*"):
            (folder / file.name).symlink_to(file)
        return FolderCase(folder)

    case("BraTS2021_01476", "BraTS2021_01476", "own").read()
    for other in ("01479", "01482"):
        with pytest.raises(BadInput, match=f"{other}_seg.nii.gz does not lie in the head"):
            case("BraTS2021_01476", f"BraTS2021_{other}", other).read()
