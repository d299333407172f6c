"""The bundled sequence classifier, on the sample study and, slowly, on every real volume."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data

from napari_acs.imaging import SEQUENCES, Grid, Volume, find_sequences, read_volume, sample_study
from napari_acs.imaging.identify import Clues, identify
from napari_acs.imaging.robust import with_dark_air
from napari_acs.inference import sequence_classifier as ours
from napari_acs.inference.sequence_classifier import (
    guess_sequence_of,
    sequence_chances,
    sequence_classifier,
)


@pytest.fixture(scope="module")
def study():
    return dict(sample_study().sequences)


# The phantom's T1ce has no vessels: alone it is a T1, and only beside that one more (below).
@pytest.mark.parametrize("key", ["t1", "t2", "flair"])
def test_the_sample_is_told_image_by_image(study, key):
    guess = guess_sequence_of(study[key])
    assert guess.sequence == key
    assert guess.evidence == "classifier"
    assert guess.reason.endswith(f"(classifier, {guess.confidence:.0%})")


def test_probabilities_add_up_and_neither_gain_nor_orientation_matters(study):
    volume = study["flair"]
    chances = sequence_chances(volume)
    assert list(chances) == [*SEQUENCES, "other"]
    assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
    louder = replace(volume, array=volume.array.astype(np.float32) * 37)
    turned = turned_about(volume)
    for same in (louder, turned):
        assert sequence_chances(same) == pytest.approx(chances, abs=1e-3)


def turned_about(volume: Volume) -> Volume:
    """Return the same head in the same place, stored from back to front and right to left."""
    grid = volume.grid
    x, y, z = grid.size
    direction = np.reshape(grid.direction, (3, 3)) @ np.diag((-1, -1, 1))
    origin = grid.index_to_point([(x - 1, y - 1, 0)])[0]
    other = Grid((x, y, z), grid.spacing, tuple(origin), tuple(direction.ravel()))
    return Volume(volume.array[:, ::-1, ::-1], other)


def test_what_is_no_sequence_is_proposed_as_none(study):
    t1 = study["t1"]
    mask = replace(t1, array=(t1.array > 0).astype(np.uint8))
    guess = guess_sequence_of(mask)
    assert guess.sequence is None
    assert guess.reason.startswith("the image looks like none of the four sequences")
    alone = identify({"a": Clues(volume=mask)}, classifier=sequence_classifier())["a"]
    assert alone.sequence is None


def test_a_study_without_names_is_told_and_names_are_asked_first(study):
    nameless = {f"{n}": Clues(volume=study[key]) for n, key in enumerate(SEQUENCES)}
    guesses = identify(nameless, classifier=sequence_classifier())
    assert [guess.sequence for guess in guesses.values()] == list(SEQUENCES)

    def asked(_volume):
        raise AssertionError("a clear name asks nobody")

    named = {key: Clues(f"{key}.nii.gz", volume=v) for key, v in study.items()}
    identify(named, statistics=True, classifier=asked)


def test_without_its_weights_the_statistics_speak_and_say_so(study, monkeypatch):
    monkeypatch.setattr(ours, "SEQUENCE_CLASSIFIER", "deleted-model")
    ours._loaded.cache_clear()
    nameless = {f"{n}": Clues(volume=study[key]) for n, key in enumerate(SEQUENCES)}
    guesses = identify(nameless, classifier=sequence_classifier())
    assert [guess.sequence for guess in guesses.values()] == list(SEQUENCES)
    for guess in guesses.values():
        assert guess.evidence == "statistics"
        assert "the sequence classifier could not look: model 'deleted-model' is not known" in (
            guess.reason
        )
    monkeypatch.undo()
    assert guess_sequence_of(study["t2"]).sequence == "t2", "the refusal was not kept"


def test_what_shows_nothing_breaks_nothing(study):
    empty = replace(study["t1"], array=np.zeros_like(study["t1"].array))
    guess = guess_sequence_of(empty)
    assert (guess.sequence, guess.confidence) == (None, 0.0)


def test_asking_for_it_loads_no_torch():
    code = (
        "import sys; from napari_acs.inference.sequence_classifier import sequence_classifier;"
        "sequence_classifier(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@needs_shared_data
@pytest.mark.slow
def test_every_real_volume():
    """No proof of quality (the weights saw these patients): the way from files to guesses."""
    folders = [*(SHARED_DATA / "brats2021").iterdir()]
    folders += (SHARED_DATA / "brats2018-2020-8bit").iterdir()
    tcga = SHARED_DATA / "tcga-lgg-native" / "TCGA-FG-6692"
    right = []
    for folder in (*folders, tcga, tcga / "brats_space"):
        if folder.is_dir():
            for key, path in find_sequences(folder).items():
                right.append(guess_sequence_of(read_volume(path)).sequence == key)
    assert len(right) == 112
    assert np.mean(right) >= 0.95


@pytest.mark.parametrize("key", ["t1", "t2", "flair"])
def test_a_brain_that_was_z_scored_with_0_outside_is_told_like_the_original(study, key):
    """As nnU-Net and MONAI store them; they were called none of the four, and surely so."""
    volume = study[key]
    array = volume.array.astype(np.float32)
    brain = array != 0
    scaled = (array - array[brain].mean()) / array[brain].std()
    guess = guess_sequence_of(Volume(np.where(brain, scaled, np.float32(0)), volume.grid))
    assert guess.sequence == key
    assert guess.confidence > 0.6


def test_what_lies_below_0_without_being_z_scored_is_left_as_it_is():
    rng = np.random.default_rng(0)
    difference = np.zeros((20, 20, 20), np.float32)
    difference[4:16, 4:16, 4:16] = rng.normal(0, 1, (12, 12, 12))
    lifted = with_dark_air(difference)
    assert lifted[0, 0, 0] == difference.min()
    np.testing.assert_array_equal(lifted[4:16, 4:16, 4:16], difference[4:16, 4:16, 4:16])
    off = np.where(difference != 0, difference + np.float32(3), np.float32(0))
    for other in (difference * 50, -np.abs(difference), off):
        np.testing.assert_array_equal(with_dark_air(other), other)
