from __future__ import annotations

import hashlib
import pickle

import numpy as np
import pytest
from imaging.geometries import make_grid, noise, save

from napari_acs.errors import BadInput
from napari_acs.imaging import Study, Volume, read_volume

GRID = make_grid()


def volume(array=None, grid=GRID):
    return Volume(noise() if array is None else array, grid)


def refused(*parts):
    return pytest.raises(BadInput, match=r"(?s)" + "".join(f"(?=.*{part})" for part in parts))


def changed(value, dtype=np.float32):
    array = noise().astype(dtype)
    array[1, 2, 3] = value
    return array


def test_sequences_come_in_one_order_on_one_grid():
    study = Study("case", {"flair": volume(), "t1": volume()})
    assert list(study.sequences) == ["t1", "flair"]
    assert study.grid == GRID
    assert list(pickle.loads(pickle.dumps(study)).sequences) == ["t1", "flair"]


def test_voxels_cannot_be_changed_through_a_study_but_the_caller_s_array_stays_free():
    array = noise()
    study = Study("case", {"t1": volume(array)})
    with pytest.raises(ValueError, match="read-only"):
        study.sequences["t1"].array[0, 0, 0] = 1
    array[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (changed(np.nan), "1 voxel.*NaN or infinite"),
        (changed(np.inf), "1 voxel.*NaN or infinite"),
        (changed(-np.inf, float), "1 voxel.*NaN or infinite"),
        (np.full((4, 5, 6), 7), "the value 7 in every voxel"),
        (np.zeros((4, 5, 6), np.float32), "the value 0 in every voxel"),
        (noise().astype(complex), "complex128"),
    ],
)
def test_voxels_that_say_nothing_are_refused(array, said):
    with refused("T2", said):
        Study("case", {"t2": volume(array)})


@pytest.mark.parametrize("size", [(6, 5, 1), (1, 5, 6), (6, 3, 5)])
def test_a_slice_is_no_volume(size):
    grid = make_grid(size=size)
    with refused("voxel.*along one axis", "whole series"):
        Study("case", {"t1": volume(noise(grid.shape), grid)})


def test_grids_that_differ_are_refused_by_name(tmp_path):
    one = read_volume(save(tmp_path / "a_t1.nii.gz", noise(), GRID))
    other = read_volume(save(tmp_path / "b_t2.nrrd", noise(), make_grid(origin=(0, 0, 2))))
    with refused(r"a_t1\.nii\.gz \(T1\)", r"b_t2\.nrrd \(T2\)", "2 mm apart", "Register"):
        Study("case", {"t1": one, "t2": other})
    near = make_grid(origin=(1e-5, 0, 0))
    Study("case", {"t1": volume(), "t2": volume(grid=near)})  # header rounding


@pytest.mark.parametrize(("sequences", "said"), [({}, "no sequence"), ({"pd": volume()}, "'pd'")])
def test_no_sequence_and_unknown_sequences_are_refused(sequences, said):
    with refused("study case", said):
        Study("case", sequences)


def test_inputs_are_hashed_by_file_or_by_voxels_and_grid(tmp_path):
    path = save(tmp_path / "t1.nii.gz", noise(), GRID)
    study = Study("case", {"t1": read_volume(path), "t2": volume()})
    hashes = study.input_sha256()
    assert hashes["t1"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(hashes["t2"]) == 64
    assert volume().sha256() == hashes["t2"]
    assert volume(noise(seed=1)).sha256() != hashes["t2"]
    assert volume(grid=make_grid(origin=(0, 0, 2))).sha256() != hashes["t2"]
    turned = np.asfortranarray(noise())
    assert volume(turned).sha256() == hashes["t2"]  # by values, not by memory layout


def test_an_array_of_another_shape_is_no_volume():
    with pytest.raises(ValueError, match=r"\(3, 5, 6\)"):
        volume(noise()[:3])
