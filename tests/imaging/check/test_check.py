"""Every sabotage of a sound study turns its own line, and odd input raises nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from imaging.check.sabotage import NEEDS, check, not_green, sound, with_array, with_grid, with_skull
from imaging.geometries import make_grid

from napari_acs.imaging import Volume
from napari_acs.imaging.check import TOPICS, check_study, worst
from napari_acs.imaging.check import study as study_module
from napari_acs.imaging.check import subject as subject_module


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
