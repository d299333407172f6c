from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from imaging.check.sabotage import (
    NEEDS,
    check,
    not_green,
    sound,
    with_array,
    with_grid,
    with_skull,
)
from imaging.geometries import make_grid
from scipy import ndimage

from napari_acs.imaging import Volume, find_sequences, read_volume
from napari_acs.imaging.check import TOPICS, Needs, check_study, worst
from napari_acs.imaging.check import study as study_module
from napari_acs.imaging.check import subject as subject_module
from napari_acs.imaging.dicom.origin import AcquisitionTags, DicomOrigin
from napari_acs.imaging.identify import SequenceGuess
from napari_acs.imaging.step import Step


def with_nan(volume: Volume) -> Volume:
    array = volume.array.astype(np.float32)
    array[40, 40, 40] = np.nan
    return with_array(volume, array)


def shifted(volume: Volume) -> Volume:
    return with_grid(volume, origin=tuple(np.add(volume.grid.origin, (3.0, 0.0, 0.0))))


def saturated(volume: Volume) -> Volume:
    inside = volume.array[volume.array > 0]
    return with_array(volume, np.minimum(volume.array, int(np.percentile(inside, 97))))


def cropped(volume: Volume, box: tuple[slice, slice, slice]) -> Volume:
    return Volume(volume.array[box], volume.grid.crop(box))


def without_top(volume: Volume) -> Volume:
    _, y, x = volume.grid.shape
    return cropped(volume, (slice(0, 120), slice(0, y), slice(0, x)))


def thinned(volume: Volume, spacing: float) -> Volume:
    """Keep every sixth slice, and say that they are ``spacing`` mm apart."""
    array = volume.array[::6]
    grid = replace(volume.grid, size=array.shape[::-1], spacing=(1.0, 1.0, spacing))
    return Volume(array, grid)


def half_missing(volume: Volume, part: float) -> Volume:
    array = volume.array.copy()
    used = np.flatnonzero((array > 0).any(axis=(1, 2)))
    array[: int(used[0] + part * len(used))] = 0
    return with_array(volume, array)


SABOTAGE = {
    "nothing": (lambda s: s, {}),
    "T1 and FLAIR swapped": (
        lambda s: {**s, "t1": s["flair"], "flair": s["t1"]},
        {"sequences": "amber"},
    ),
    "T2 and T1 swapped": (
        lambda s: {**s, "t1": s["t2"], "t2": s["t1"]},
        {"sequences": "amber"},
    ),
    "T1ce is the T1 again": (lambda s: {**s, "t1ce": s["t1"]}, {"duplicates": "red"}),
    "T1ce is the T1 on another scale": (
        lambda s: {**s, "t1ce": with_array(s["t1"], s["t1"].array * 3.7)},
        {"duplicates": "red"},
    ),
    "T2 mirrored": (
        lambda s: {**s, "t2": with_array(s["t2"], s["t2"].array[..., ::-1])},
        {"sides": "red"},
    ),
    "T1 and FLAIR alone, one mirrored": (
        lambda s: {"t1": s["t1"], "flair": with_array(s["flair"], s["flair"].array[..., ::-1])},
        {"sides": "red", "sequences": "amber"},  # two are missing
    ),
    "NaN": (lambda s: {**s, "flair": with_nan(s["flair"])}, {"intensities": "red"}),
    "constant": (
        lambda s: {**s, "t1": with_array(s["t1"], np.full_like(s["t1"].array, 7))},
        {"intensities": "red"},
    ),
    "saturated": (lambda s: {**s, "flair": saturated(s["flair"])}, {"intensities": "amber"}),
    "skull": (
        lambda s: {key: with_skull(v, i) for i, (key, v) in enumerate(s.items())},
        {"grids": "amber", "skull": "amber"},
    ),
    "skull in one": (
        lambda s: {**s, "t2": with_skull(s["t2"])},
        {"grids": "amber", "skull": "red"},
    ),
    "another grid": (
        lambda s: {**s, "t2": shifted(s["t2"])},
        {"grids": "red"},
    ),
    "spacing lost": (
        lambda s: {key: thinned(v, 1.0) for key, v in s.items()},
        {"spacing": "amber"},
    ),
    "spacing in metres": (
        lambda s: {key: with_grid(v, spacing=(0.001,) * 3) for key, v in s.items()},
        {"spacing": "red"},
    ),
    "thick slices": (
        lambda s: {key: thinned(v, 6.0) for key, v in s.items()},
        {"model": "amber"},
    ),
    "a quarter missing": (
        lambda s: {**s, "flair": half_missing(s["flair"], 0.35)},
        {"coverage": "amber"},
    ),
    "most missing": (
        lambda s: {**s, "flair": half_missing(s["flair"], 0.75)},
        {"coverage": "red"},
    ),
    "the top cut off": (
        lambda s: {key: without_top(v) for key, v in s.items()},
        {"coverage": "amber"},
    ),
}


@pytest.mark.parametrize("what", SABOTAGE)
def test_each_sabotage_turns_exactly_its_own_line(what):
    break_it, expected = SABOTAGE[what]
    lines = check(break_it(sound()))
    assert tuple(lines) == TOPICS
    assert not_green(lines) == expected, [line for line in lines.values() if line.status != "green"]
    for topic in expected:
        assert lines[topic].found
        assert lines[topic].do


def test_lines_name_the_culprit_and_offer_the_button_that_helps():
    s = sound()
    swapped = check({**s, "t1": s["flair"], "flair": s["t1"]})["sequences"]
    assert "T1: the image looks like FLAIR" in swapped.found
    assert swapped.action == "choose"
    mirrored = check({**s, "t2": with_array(s["t2"], s["t2"].array[..., ::-1])})["sides"]
    assert mirrored.found.startswith("T2 looks like the mirror image")
    twice = check({**s, "t1ce": s["t1"]})["duplicates"]
    assert twice.found == "T1 and T1ce hold the same voxels"
    assert twice.action == "choose"
    apart = check({**s, "t2": shifted(s["t2"])})["grids"]
    assert apart.action == "align"
    assert check({"t2": with_skull(s["t2"])})["skull"].action == "strip"


def test_the_same_file_twice_is_told_by_its_path(tmp_path):
    s = sound()
    path = tmp_path / "a.nii.gz"
    twice = {key: replace(s[key], source=path) for key in ("t1", "t1ce")}
    assert "the same file (a.nii.gz)" in check(twice)["duplicates"].found


@pytest.mark.parametrize(
    ("verdict", "status", "action"),
    [("good", "green", ""), ("look", "amber", ""), ("failed", "red", "align")],
)
def test_a_registration_speaks_for_itself(verdict, status, action):
    s = sound()
    step = Step("registered", "rigid", verdict, "the edges fit badly")
    line = check({**s, "t2": replace(s["t2"], history=(step,))})["grids"]
    assert (line.status, line.action) == (status, action)
    assert "T2" in line.found
    assert "the edges fit badly" in line.found


def test_heads_on_one_grid_are_not_known_to_be_aligned():
    s = {key: with_skull(volume) for key, volume in sound().items()}
    line = check(s)["grids"]
    assert (line.status, line.action) == ("amber", "align")
    step = Step("registered", "rigid", "good", "the heads fit")
    told = {key: replace(v, history=(step,)) if key != "t1" else v for key, v in s.items()}
    assert check(told)["grids"].status == "green"
    assert check({"t1": s["t1"]})["grids"].status == "green"


def _wider(volume):
    """Give the brain another shape, as another patient's has: wider, and shorter."""
    centre = (np.array(volume.array.shape) - 1) / 2
    scale = np.diag([1.0, 1.06, 0.94])
    array = ndimage.affine_transform(
        volume.array.astype(np.float32), scale, centre - scale @ centre, order=1
    )
    return with_array(volume, array)


def test_a_brain_of_another_outline_is_said():
    s = sound()
    line = check({**s, "t1ce": _wider(s["t1ce"])})["grids"]
    assert line.status == "amber"
    assert "T1ce does not have the outline of the others" in line.found
    assert "another patient" in line.title
    two = check({"t1": s["t1"], "flair": _wider(s["flair"])}, None)["grids"]
    assert "T1 and FLAIR do not have one outline" in two.found
    moved = with_array(s["t2"], np.roll(s["t2"].array, 5, axis=1))
    assert "T2" in check({**s, "t2": moved})["grids"].found


def test_a_registered_sequence_is_not_judged_by_its_outline():
    s = sound()
    step = Step("registered", "rigid", "good", "the edges fit")
    wider = replace(_wider(s["t2"]), history=(step,))
    assert check({**s, "t2": wider})["grids"].status == "green"


def test_what_a_model_needs():
    s = sound()
    two = {"t1": s["t1"], "flair": s["flair"]}
    assert not_green(check(two, None)) == {}
    assert not_green(check(two, NEEDS)) == {"sequences": "amber"}
    assert not_green(check(two, replace(NEEDS, required=("t2",)))) == {"sequences": "red"}
    assert not_green(check(two, replace(NEEDS, minimum=3))) == {"sequences": "red"}
    assert not_green(check(two, Needs(("t1", "flair")))) == {}
    heads = {key: with_skull(v) for key, v in s.items()}
    assert not_green(check(heads, replace(NEEDS, skull_stripped=False))) == {"grids": "amber"}


def test_a_missing_sequence_costs_what_the_models_card_says():
    s = sound()
    two = {"t1": s["t1"], "flair": s["flair"]}
    full = "+".join(NEEDS.channels)
    stated = replace(NEEDS, costs={full: {"WT": 0.89}, "t1+flair": {"WT": 0.71}}, cost_cases=5)
    line = check(two, stated)["sequences"]
    assert line.status == "amber"
    assert "T1ce and T2 missing" in line.found
    assert "5 validation cases mean Dice was WT 0.71 instead of 0.89" in line.found
    assert "does not say what that costs" in check(two, NEEDS)["sequences"].found
    refused = check(two, replace(stated, required=("t2",)))["sequences"]
    assert refused.status == "red"
    assert "T2 missing, without which the model cannot work" in refused.found
    assert "Dice" not in refused.found


def test_a_large_brain_on_black_is_a_head_whose_air_was_set_to_zero():
    s = sound()
    large = {key: with_grid(v, spacing=(1.2, 1.2, 1.2)) for key, v in s.items()}
    assert not_green(check(large)) == {"grids": "amber", "skull": "amber"}


def test_what_will_be_done_about_a_skull_counts():
    s = sound()
    mixed = {**s, "t2": with_skull(s["t2"])}
    said = {
        brain: {x.topic: x for x in check_study("x", mixed, NEEDS, brain=brain)}["skull"]
        for brain in ("none", "auto", "mask")
    }
    assert [line.status for line in said.values()] == ["red", "amber", "green"]
    assert "when you segment" in said["auto"].do
    assert "T2" in said["mask"].found


@pytest.mark.parametrize(
    ("guess", "status"),
    [
        (SequenceGuess("t1", 0.9, "", "name"), "green"),
        (SequenceGuess("t1", 0.4, "named T1, but the image looks like FLAIR", "name"), "amber"),
        (SequenceGuess("flair", 0.9, "the name says FLAIR", "name"), "amber"),
        (SequenceGuess("flair", 0.5, "the name says FLAIR, but ...", "tags"), "green"),
        (SequenceGuess(None, 0.9, "the series description says diffusion", "tags"), "amber"),
        (SequenceGuess("flair", 0.95, "the image looks like FLAIR", "statistics"), "amber"),
        (SequenceGuess("flair", 0.8, "the image looks like FLAIR", "statistics"), "green"),
        (SequenceGuess(None, 0.0, "nothing says which", "name"), "green"),
    ],
)
def test_what_identify_said_is_believed(guess, status):
    assert check(sound(), guesses={"t1": guess})["sequences"].status == status


ODD = {
    "nothing at all": {},
    "complex": {"t1": np.zeros((8, 8, 8), complex)},
    "objects": {"t1": np.full((8, 8, 8), None)},
    "one slice": {"t1": np.arange(64.0).reshape(1, 8, 8)},
    "all NaN": {"t1": np.full((8, 8, 8), np.nan), "t2": np.full((8, 8, 8), np.nan)},
    "Inf": {"t1": np.full((8, 8, 8), np.inf), "t2": np.ones((9, 8, 8))},
    "bool": {"t1": np.arange(512).reshape(8, 8, 8) % 2 == 0},
    "huge": {"t1": np.linspace(0, 1e300, 4096).reshape(16, 16, 16)},
    "one voxel": {"t1": np.eye(512)[0].reshape(8, 8, 8), "other": np.eye(512)[1].reshape(8, 8, 8)},
    "empty slabs": {"t1": np.zeros((40,) * 3), "t2": 1.0 * (np.indices((40,) * 3)[0] > 37)},
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("what", ODD)
def test_odd_input_is_red_and_raises_nothing(what):
    volumes = {
        key: Volume(array, make_grid(size=array.shape[::-1])) for key, array in ODD[what].items()
    }
    lines = check_study("odd", volumes, NEEDS)
    assert tuple(line.topic for line in lines) == TOPICS
    assert worst(lines) == "red"
    json.dumps([line.record() for line in lines], allow_nan=False)
    assert not [line for line in lines if "could not be checked" in line.title]


def test_a_check_that_fails_is_a_red_line(monkeypatch):
    def stumble(_subject):
        raise RuntimeError("oh")

    checks = (("grids", stumble), *study_module._CHECKS[2:])
    monkeypatch.setattr(study_module, "_CHECKS", checks)
    lines = check(sound())
    assert lines["grids"].status == "red"
    assert "oh" in lines["grids"].found
    assert len(lines) == len(checks)


def test_it_stops_between_two_lines_when_asked():
    asked = iter([False, False, False, True])
    lines = check_study("study", sound(), NEEDS, cancelled=lambda: next(asked))
    assert [line.topic for line in lines] == ["geometry", "grids"]
    assert check_study("study", sound(), cancelled=lambda: True) == ()


def test_a_single_slice_is_no_volume():
    slice_ = Volume(np.ones((1, 40, 40)), make_grid(size=(40, 40, 1), spacing=(5.0, 5.0, 5.0)))
    line = check({"t1": slice_})["geometry"]
    assert (line.status, line.found) == ("red", "T1 has only 1 voxel(s) along one axis")


def test_almost_nothing_in_a_volume_is_said():
    s = sound()
    inside = np.argwhere(s["t2"].array > 0).mean(axis=0).astype(int)
    box = tuple(slice(i - 15, i + 15) for i in inside)
    array = np.zeros_like(s["t2"].array)
    array[box] = s["t2"].array[box]
    line = check({**s, "t2": with_array(s["t2"], array)})["intensities"]
    assert line.status == "amber"
    assert "T2 is almost empty" in line.found


def test_what_a_coarse_look_stumbles_over_stops_no_check(monkeypatch):
    def stumble(_volume):
        raise MemoryError

    monkeypatch.setattr(subject_module, "coarse", stumble)
    lines = check(sound())
    assert tuple(lines) == TOPICS


def test_a_steep_tilt_is_said():
    grid = make_grid(size=(20, 20, 20), spacing=(8.0,) * 3, tilt=(0.66, 0.0, 0.0))
    rng = np.random.default_rng(0)
    line = check({"t1": Volume(rng.random((20, 20, 20)), grid)})["geometry"]
    assert line.status == "amber"
    assert "T1 by 38 degrees" in line.found


@needs_shared_data
@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("brats2021/BraTS2021_01479", {}),
        ("brats2018-2020-8bit/Brats18_CBICA_ABM_1", {}),
        # Its FLAIR truly ends early.
        ("brats2018-2020-8bit/Brats18_2013_20_1", {"coverage": "amber"}),
        ("tcga-lgg-native/TCGA-FG-6692", {"grids": "red", "skull": "amber", "model": "amber"}),
        ("tcga-lgg-native/TCGA-FG-6692/brats_space", {}),
    ],
)
def test_real_studies(folder, expected):
    files = find_sequences(SHARED_DATA / folder)
    needs = replace(NEEDS, spacing_mm=(1.5, 1.5, 1.5))
    lines = check({key: read_volume(path) for key, path in files.items()}, needs)
    assert not_green(lines) == expected


@needs_shared_data
def test_real_heads_alone():
    needs = Needs(("t1ce",), spacing_mm=(1.5, 1.5, 1.5))
    tcia = read_volume(SHARED_DATA / "tcia-brain-tumor-progression/01/Pre_Scan_T1.nii.gz")
    lines = check({"t1ce": tcia}, needs)
    assert not_green(lines) == {"spacing": "amber", "skull": "amber"}
    assert "true spacing is probably lost" in lines["spacing"].found
    nrrd = read_volume(SHARED_DATA / "nrrd-two-rois/1_image.nrrd")
    lines = check({"t1ce": nrrd}, needs)
    assert not_green(lines) == {"skull": "amber", "model": "amber"}
    assert "6.5 mm" in lines["model"].found


@needs_shared_data
def test_eight_bit_is_said_and_blocks_nothing():
    files = find_sequences(SHARED_DATA / "brats2018-2020-8bit/Brats18_CBICA_ABM_1")
    line = check({"t1": read_volume(files["t1"])})["intensities"]
    assert (line.status, line.found) == ("green", "T1: 256 grey levels only (8-bit)")


def test_series_of_one_dicom_folder_are_not_one_file(tmp_path):
    def of(volume, *names):
        files = tuple(tmp_path / name for name in names)
        return replace(volume, source=tmp_path, dicom=DicomOrigin(files, AcquisitionTags(), "key"))

    s = sound()
    flat = {key: of(volume, f"{key}1", f"{key}2") for key, volume in s.items()}
    assert check(flat)["duplicates"].status == "green"
    twice = check({**flat, "t2": of(s["t2"], "t11", "t12")})["duplicates"]
    assert twice.status == "red"
    assert "a DICOM series" in twice.found
    assert tmp_path.name not in twice.found
