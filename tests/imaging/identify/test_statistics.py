"""What the grey values of an image say of its sequence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from imaging.geometries import make_grid

from napari_acs.imaging import SEQUENCES, Volume, find_sequences, read_volume
from napari_acs.imaging.identify import (
    SequenceGuess,
    from_statistics,
)


def test_statistics_tell_the_phantom(phantom):
    guesses = from_statistics(phantom)
    assert {key: guess.sequence for key, guess in guesses.items()} == {k: k for k in SEQUENCES}
    assert guesses["t2"].confidence > 0.9
    assert "fluid is brighter than brain" in guesses["t2"].reason


def test_statistics_know_no_unit_and_no_orientation(phantom):
    changed = {}
    for key, volume in phantom.items():
        scaled = np.where(volume.array > 0, 2.5 * volume.array.astype(float) - 700, -700)
        grid = replace(volume.grid, direction=(1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
        changed[key] = Volume(scaled[:, ::-1, ::-1], grid)
    before, after = from_statistics(phantom), from_statistics(changed)
    for key in phantom:
        assert after[key].sequence == before[key].sequence
        assert after[key].confidence == pytest.approx(before[key].confidence, abs=0.1)


def test_statistics_never_overclaim(phantom):
    assert from_statistics({"t2": phantom["t2"]})["t2"].confidence <= 0.8
    noise = np.random.default_rng(0).normal(100, 5, (30, 40, 40))
    head = Volume(noise, make_grid(size=(40, 40, 30), spacing=(5.0, 5.0, 5.0)))
    assert from_statistics({"a": head})["a"].confidence <= 0.6
    flat = Volume(np.ones((30, 40, 40)), make_grid(size=(40, 40, 30)))
    assert from_statistics({"a": flat})["a"] == SequenceGuess(
        None, 0.0, "the image shows too little brain to tell", "statistics"
    )
    assert from_statistics({}) == {}


def test_statistics_by_elimination(phantom):
    known = {"t1": "t1", "t2": "t2", "flair": "flair"}
    assert from_statistics(phantom, known)["t1ce"].sequence == "t1ce"
    five = {**phantom, "again": phantom["t2"]}  # more than there are sequences: one by one
    assert from_statistics(five)["again"] == from_statistics({"t2": phantom["t2"]})["t2"]


@needs_shared_data
@pytest.mark.parametrize(
    "folder",
    [
        "brats2021/BraTS2021_01479",
        "brats2018-2020-8bit/Brats18_TCIA13_623_1",
        "brats2013-two-channel/brats_2013_pat0003_1",
        "tcga-lgg-native/TCGA-FG-6692/brats_space",
    ],
)
def test_statistics_on_real_studies(folder):
    case = {k: read_volume(p) for k, p in find_sequences(SHARED_DATA / folder).items()}
    guesses = from_statistics(case)
    assert {key: guess.sequence for key, guess in guesses.items()} == {key: key for key in case}
