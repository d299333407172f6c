"""What studies of folders with the same name are called."""

from __future__ import annotations

import numpy as np
import pytest

from napari_acs.viewer.info import LayerInfo, info_in
from napari_acs.viewer.reader import read
from napari_acs.viewer.study_names import study_name


@pytest.fixture
def home(grid):
    return lambda path, study: LayerInfo(grid, path, study)


def test_a_study_is_called_after_its_folder(tmp_path, home):
    assert study_name(tmp_path / "a", ()) == "a"
    other = home(tmp_path / "b" / "t1.nii.gz", "b")
    assert study_name(tmp_path / "a", [other]) == "a"


def test_of_two_folders_with_one_name_the_second_is_called_after_the_one_above_as_well(
    tmp_path, home
):
    first = home(tmp_path / "p1" / "anat" / "t1.nii.gz", "anat")
    assert study_name(tmp_path / "p2" / "anat", [first]) == "p2/anat"
    second = home(tmp_path / "p2" / "anat" / "t1.nii.gz", "p2/anat")
    third = tmp_path / "x" / "p2" / "anat"
    assert study_name(third, [first, second]) == "x/p2/anat"


def test_a_folder_that_is_open_keeps_its_name(tmp_path, home):
    first = home(tmp_path / "p1" / "anat" / "t1.nii.gz", "anat")
    second = home(tmp_path / "p2" / "anat" / "t1.nii.gz", "p2/anat")
    assert study_name(tmp_path / "p2" / "anat", [first, second]) == "p2/anat"
    assert study_name(tmp_path / "p1" / "anat", [second, first]) == "anat"


def test_a_name_is_found_where_all_are_taken(tmp_path, home):
    folder = (tmp_path / "anat").resolve()
    names = ["/".join(folder.parts[at:]) for at in range(1, len(folder.parts))]
    elsewhere = [home(tmp_path / "z" / "t1.nii.gz", name) for name in names]
    assert study_name(folder, elsewhere) == "anat (2)"


def test_files_from_a_path_without_a_folder_have_a_name(tmp_path, grid, write_image, monkeypatch):
    folder = tmp_path / "case"
    folder.mkdir()
    write_image(folder / "t1.nii.gz", np.ones(grid.shape, np.int16), grid)
    monkeypatch.chdir(folder)
    ((_, attributes, _),) = read("t1.nii.gz")
    assert info_in(attributes["metadata"]).study == "case"


def test_folders_opened_together_are_told_apart_each_with_its_mask(tmp_path, grid, write_image):
    for number, patient in enumerate(("p1", "p2")):
        folder = tmp_path / patient / "anat"
        folder.mkdir(parents=True)
        for name in ("t1", "flair"):
            write_image(folder / f"{name}.nii.gz", np.ones(grid.shape, np.int16), grid)
        mask = np.full(grid.shape, number, np.uint8)
        write_image(tmp_path / patient / "anat" / "seg.nii.gz", mask, grid)
    layers = read([str(tmp_path / "p1" / "anat"), str(tmp_path / "p2" / "anat")])
    assert [attributes["name"] for _, attributes, _ in layers] == [
        *("T1 anat", "FLAIR anat", "mask anat"),
        *("T1 p2/anat", "FLAIR p2/anat", "mask p2/anat"),
    ]


def test_files_of_two_patients_in_one_folder_are_two_studies(tmp_path, grid, write_image):
    """The second, which has no T1ce, was segmented with the first one's."""
    for name in ("P1_t1", "P1_t1ce", "P1_flair", "P2_t1", "P2_flair"):
        write_image(tmp_path / f"{name}.nii.gz", np.ones(grid.shape, np.int16), grid)
    mask = np.zeros(grid.shape, np.uint8)
    mask[2:4, 2:4, 2:4] = 1
    write_image(tmp_path / "P2_seg.nii.gz", mask, grid)
    homes = []
    for file in sorted(tmp_path.glob("*.nii.gz")):  # napari reads them one by one
        ((_, attributes, _),) = read(str(file), homes)
        homes.append(info_in(attributes["metadata"]))
        assert homes[-1].study == file.name[:2]
    assert homes[4].reference.study == "P2"


def test_the_files_of_a_data_set_of_links_are_of_its_folder(tmp_path, grid, write_image):
    """As in DataLad: each file leads to a folder of its own, and each was a study of its own."""
    (tmp_path / "anat").mkdir()
    for name in ("t1", "flair"):
        (tmp_path / "store" / name).mkdir(parents=True)
        there = write_image(tmp_path / "store" / name / "x.nii.gz", np.ones(grid.shape, "i2"), grid)
        (tmp_path / "anat" / f"{name}.nii.gz").symlink_to(there)
    layers = read([str(tmp_path / "anat" / f"{name}.nii.gz") for name in ("t1", "flair")])
    assert {info_in(attributes["metadata"]).study for _, attributes, _ in layers} == {"anat"}
