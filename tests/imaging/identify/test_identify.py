"""Names, headers, statistics and a classifier together: which image is which sequence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import SHARED_DATA, needs_shared_data
from imaging.identify.acquired import tags, timed

from napari_acs.imaging import SEQUENCES, find_sequences, read_volume
from napari_acs.imaging.dicom.origin import DicomOrigin
from napari_acs.imaging.identify import (
    Clues,
    SequenceGuess,
    from_statistics,
    identify,
)


def test_identify_by_names_alone_looks_at_no_image():
    class Bomb:
        @property
        def array(self):
            raise AssertionError("looked at")

    items = {key: Clues(f"case_{key}.nii.gz", volume=Bomb()) for key in SEQUENCES}
    guesses = identify(items)
    assert {key: g.sequence for key, g in guesses.items()} == {key: key for key in SEQUENCES}
    assert all(g.confidence >= 0.9 and g.evidence == "name" for g in guesses.values())


def test_identify_where_names_are_silent(phantom):
    items = {f"layer {i}": Clues("image", volume=phantom[k]) for i, k in enumerate(SEQUENCES)}
    assert [g.sequence for g in identify(items).values()] == list(SEQUENCES)
    assert all(g.evidence == "statistics" for g in identify(items).values())
    assert all(g.sequence is None for g in identify(items, statistics=False).values())
    named = {**items, "layer 0": Clues("t1.nii", volume=phantom["t1"])}
    guesses = identify(named)
    assert guesses["layer 1"].sequence == "t1ce"
    assert guesses["layer 1"].confidence > identify(items)["layer 1"].confidence


def test_a_name_that_the_image_contradicts(phantom):
    swap = {"t1": "flair", "flair": "t1"}
    items = {k: Clues(f"{k}.nii", volume=phantom[swap.get(k, k)]) for k in SEQUENCES}
    guesses = identify(items, statistics=True)
    assert guesses["t1"].sequence == "t1"
    assert guesses["t1"].confidence < 0.5
    assert guesses["t1"].reason.startswith("the name says T1, but the image looks like FLAIR")
    assert guesses["t2"].confidence > 0.9


def test_names_and_tags_together():
    flair = tags("AX T2 FLAIR")
    agree = identify({"a": Clues("flair.nii", flair)})["a"]
    assert (agree.sequence, agree.evidence) == ("flair", "tags")
    contradict = identify({"a": Clues("t1.nii", flair)})["a"]
    assert contradict.confidence == 0.5
    assert contradict.reason == "the name says T1, but the series description says FLAIR"


def test_one_sequence_goes_to_the_surest():
    items = {"a": Clues("x", tags("AX T1 POST")), "b": Clues("x", tags("T1 C+"))}
    items["b"] = Clues("x", replace(timed(12, 500), description="T1 C+"))
    guesses = identify(items)
    assert guesses["b"].sequence == "t1ce"
    assert guesses["a"].sequence is None
    assert guesses["a"].confidence < 0.5
    assert "b" in guesses["a"].reason
    assert "T1ce" in guesses["a"].reason


def test_a_classifier_speaks_for_the_image_where_it_is_surer(phantom):
    def certain(_volume):
        return SequenceGuess("flair", 0.99, "a network says FLAIR", "classifier")

    def silent(_volume):
        return None

    items = {"a": Clues("image", volume=phantom["t2"])}
    assert identify(items, classifier=certain)["a"].evidence == "classifier"
    assert identify(items, classifier=silent)["a"].sequence == "t2"
    assert (
        identify({"a": Clues("t2.nii", volume=phantom["t2"])}, classifier=certain)["a"].evidence
        == "name"
    ), "a clear name asks no classifier"


@pytest.mark.parametrize(("sure", "stays"), [(0.9, True), (0.5, True), (0.4, False)])
def test_a_stranger_that_a_classifier_knows_is_not_called_a_sequence_by_the_statistics(
    phantom, sure, stays
):
    seen = phantom["t2"].array
    stranger = replace(phantom["t2"], array=seen.max() - seen)

    def knows(volume):
        if volume is stranger:
            return SequenceGuess(None, sure, "none of the four", "classifier")
        return None

    items = {key: Clues("image", volume=phantom[key]) for key in ("t1", "t1ce", "flair")}
    alone = identify(items, classifier=knows)
    guesses = identify({**items, "x": Clues("image", volume=stranger)}, classifier=knows)
    assert (guesses.pop("x").sequence is None) is stays
    assert (guesses == alone) is stays, "nor do they compare the others with it"


@pytest.mark.parametrize("order", [1, -1])
def test_what_a_classifier_takes_for_one_the_statistics_tell_apart(phantom, order):
    def blind(_volume):
        return SequenceGuess("t1", 0.95, "a network says T1", "classifier")

    items = {key: Clues("image", volume=phantom[key]) for key in ("t1", "t1ce")[::order]}
    guesses = identify(items, classifier=blind)
    assert {key: guess.sequence for key, guess in guesses.items()} == {"t1": "t1", "t1ce": "t1ce"}
    assert {guess.evidence for guess in guesses.values()} == {"statistics"}


def test_what_statistics_cannot_settle_either_goes_to_one(phantom):
    def blind(_volume):
        return SequenceGuess("t1", 0.95, "a network says T1", "classifier")

    items = {f"{n}": Clues("image", volume=phantom["t2"]) for n in range(5)}  # one by one, then
    guesses = identify(items, classifier=blind)
    assert [guess.sequence for guess in guesses.values()] == ["t1", None, None, None, None]


def test_clues_of_a_volume(tmp_path, phantom):
    volume = phantom["t1"]
    assert Clues.of(volume).name == "phantom_t1.nii.gz"
    series = replace(volume, source=tmp_path / "t2", dicom=DicomOrigin((), tags("T1"), "key"))
    assert Clues.of(series).name == ""
    assert Clues.of(series).tags.description == "T1"
    assert Clues.of(series, "a layer").name == "a layer"


@needs_shared_data
def test_real_heads_are_never_contradicted():
    folder = SHARED_DATA / "tcga-lgg-native/TCGA-FG-6692"
    case = {k: read_volume(p) for k, p in find_sequences(folder).items()}
    assert all(guess.confidence <= 0.6 for guess in from_statistics(case).values())
    items = {key: Clues.of(volume) for key, volume in case.items()}
    guesses = identify(items, statistics=True)
    assert all(g.sequence == key and g.confidence >= 0.9 for key, g in guesses.items())
