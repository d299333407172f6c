"""A case of a session as layers, also where nothing says which sequences its images are."""

from __future__ import annotations

import numpy as np
import pytest
from imaging.geometries import ORIENTATIONS, make_grid

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume, read_volume, to_lps, write_labels
from napari_acs.imaging.anonymous import write_anonymous
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.masks import given_mask
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.sources import find_sources
from napari_acs.viewer.review_case import read_case

FLIPPED = ORIENTATIONS[17]


def session_of(folder, source):
    cases = make_cases(find_sources([source]))
    path = folder / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    return path


@pytest.fixture
def data(tmp_path):
    """Two images and a mask of each, on an oblique and flipped grid, called by numbers alone."""
    grid = make_grid(FLIPPED, (0.8, 0.9, 6.5), (5, -7, 30), (0.1, 0.05, -0.1), (9, 8, 6))
    folder = tmp_path / "data"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for number in (1, 2):
        voxels = draw.normal(100, 9, grid.shape).astype(np.float32)
        image = write_anonymous(folder / f"{number}_image.nii.gz", Volume(voxels, grid))
        labels = np.zeros(grid.shape, np.uint8)
        labels[2:4, 3:6, 1:5] = number
        write_labels(folder / f"{number}_label.nii.gz", labels, read_volume(image).grid)
    return folder


def test_images_that_nobody_has_named_open_as_images(data, tmp_path):
    table = tmp_path / "cases.csv"
    rows = [f"{data}/{n}_image.nii.gz,{data}/{n}_label.nii.gz" for n in (1, 2)]
    table.write_text("\n".join(["study,mask", *rows]))
    path = session_of(tmp_path, table)
    state = read_session(path)
    for item in (1, 2):
        images = read_case(state, item, path)
        (array, attributes, kind), volume = (
            images.layers[0],
            read_volume(data / f"{item}_image.nii.gz"),
        )
        assert (len(images.layers), kind) == (1, "image")
        np.testing.assert_array_equal(array, to_lps(volume.array, volume.grid))
        assert attributes["name"] == f"image 1 {state.items[item].case}"
        assert images.infos[0].sequence is None
        with open_session(path) as session:
            assert given_mask(session, item, images.grids[0]).voxels == 24


def test_a_folder_of_images_without_a_name_opens_and_an_empty_one_is_refused(data, tmp_path):
    for mask in data.glob("*_label*"):
        mask.unlink()
    path = session_of(tmp_path, data)
    state = read_session(path)
    assert len(read_case(state, 1, path).layers) == 2
    for file in data.iterdir():
        file.unlink()
    with pytest.raises(BadInput, match="no MRI sequence"):
        read_case(state, 1, path)
