from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from imaging.geometries import make_grid
from imaging.test_names import DIALECTS

from napari_acs.imaging import SEQUENCES, Volume, find_sequences, read_volume, sample_study
from napari_acs.imaging.dicom.origin import AcquisitionTags, DicomOrigin
from napari_acs.imaging.identify import (
    Clues,
    SequenceGuess,
    from_name,
    from_statistics,
    from_tags,
    identify,
)

TEXTS = {
    "AX T2 FLAIR": "flair",
    "t2_tirm_tra_dark-fluid": "flair",
    "t2_space_dark-fluid_sag": "flair",
    "SAG CUBE T2 FLAIR": "flair",
    "BRAVO": "t1",
    "MPRAGE": "t1",
    "sT1W_3D_TFE": "t1",
    "T1 W/O CONTRAST": "t1",
    "AX T1 -C": "t1",
    "PRE AX T1": "t1",
    "Ax T1 NON CONTRAST": "t1",
    "SPGR +C": "t1ce",
    "AX FSPGR 3D C+": "t1ce",
    "T1 SE POST GAD": "t1ce",
    "t1_mprage_sag_p2_iso KM": "t1ce",
    "T1 GAD without fat sat": "t1ce",
    "preop_T1_post": "t1ce",
    "t2_tse_tra": "t2",
    "ax dwi": None,
    "ep2d_diff_3scan_trace": None,
    "SWI": None,
    "T2* GRE": None,
    "TOF": None,
    "Survey": None,
    "PD T2 TSE": None,
}


def tags(description="", *, scanning="SE", **more) -> AcquisitionTags:
    return AcquisitionTags(description, modality="MR", scanning_sequence=(scanning,), **more)


def timed(te, tr, ti=None, **more) -> AcquisitionTags:
    return tags(echo_time_ms=te, repetition_time_ms=tr, inversion_time_ms=ti, **more)


@pytest.mark.parametrize("text", TEXTS)
def test_scanner_dialects_in_names_and_descriptions(text):
    for guess in (from_name(text), from_tags(tags(text))):
        assert guess is not None
        assert guess.sequence == TEXTS[text]
        assert "says" in guess.reason


@pytest.mark.parametrize(
    ("key", "name"), [(key, name) for key, names in DIALECTS.items() for name in names]
)
def test_names_are_read_as_files_are_found(key, name):
    guess = from_name(name)
    assert (guess.sequence if guess else None) == key


@pytest.mark.parametrize("name", ["", "layer 3", "IM_0001", "t1_t2"])
def test_a_name_that_says_nothing(name):
    assert from_name(name) is None


@pytest.mark.parametrize(
    ("header", "sequence"),
    [
        (timed(12, 550), "t1"),
        (timed(3, 2000, 900, scanning="GR"), "t1"),
        (timed(3, 8, scanning="GR", flip_angle_deg=12), "t1"),
        (timed(10, 2500, 860, scanning="IR"), "t1"),  # T1 FLAIR
        (timed(100, 5000), "t2"),
        (timed(90, 9000, 2500, scanning="IR"), "flair"),
        (timed(390, 5000, 1800, scanning="IR"), "flair"),
        (timed(20, 3000), None),  # proton density
        (timed(80, 6000, scanning="EP"), None),
        (timed(25, 600, scanning="GR"), None),
        (timed(70, 5000, 160, scanning="IR"), None),
    ],
)
def test_timing(header, sequence):
    guess = from_tags(header)
    assert guess is not None
    assert guess.sequence == sequence
    assert f"TE {header.echo_time_ms:g} ms" in guess.reason
    assert guess.confidence <= 0.8, "no words confirm it"


@pytest.mark.parametrize(
    "header",
    [
        tags(),
        timed(45, 1500),
        timed(2, 5, scanning="GR", flip_angle_deg=60),
        timed(5, 500, scanning="GR", flip_angle_deg=5),
    ],
)
def test_a_header_that_says_nothing(header):
    assert from_tags(header) is None


def test_the_contrast_agent():
    t1 = timed(12, 550)
    with_agent = replace(t1, contrast_agent="Gadavist")
    assert from_tags(with_agent).sequence == "t1ce"
    assert from_tags(replace(t1, contrast_agent="")).sequence == "t1"
    assert from_tags(replace(t1, contrast_agent="NONE")).sequence == "t1"
    unsaid = from_tags(replace(with_agent, description="AX T1"))
    assert unsaid.sequence == "t1ce"
    assert unsaid.confidence < 0.8
    before = from_tags(replace(with_agent, description="AX T1 PRE"))
    assert before.sequence == "t1"
    assert before.confidence < 0.8
    assert "left over" in before.reason
    after = from_tags(replace(t1, description="AX T1 POST GAD"))
    assert (after.sequence, after.confidence) == ("t1ce", 0.95)


def test_words_and_timing_that_contradict_each_other():
    guess = from_tags(replace(timed(90, 9000, 2500), description="AX T2"))
    assert guess.sequence == "t2"
    assert guess.confidence < 0.6
    assert guess.reason.endswith("but TR 9000 ms, TE 90 ms, TI 2500 ms are those of FLAIR")


def test_t1_flair_is_a_t1():
    guess = from_tags(tags("SAG T1 FLAIR"))
    assert (guess.sequence, guess.confidence) == ("t1", 0.65)
    assert from_tags(tags("AX T1 FLAIR +C")).sequence == "t1ce"
    assert from_name("T1_FLAIR_average.nii") is None


def test_other_modalities_and_derived_images():
    assert from_tags(replace(tags("T1"), modality="CT")).sequence is None
    assert from_tags(replace(tags("AX T2"), image_type=("DERIVED", "ADC"))).sequence is None


@pytest.fixture(scope="module")
def phantom() -> dict[str, Volume]:
    return dict(sample_study().sequences)


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


@needs_shared_data
def test_real_heads_are_never_contradicted():
    folder = SHARED_DATA / "tcga-lgg-native/TCGA-FG-6692"
    case = {k: read_volume(p) for k, p in find_sequences(folder).items()}
    assert all(guess.confidence <= 0.6 for guess in from_statistics(case).values())
    items = {key: Clues.of(volume) for key, volume in case.items()}
    guesses = identify(items, statistics=True)
    assert all(g.sequence == key and g.confidence >= 0.9 for key, g in guesses.items())


def test_names_and_tags_need_no_simpleitk():
    code = (
        "import sys; from napari_acs.imaging.identify import identify, Clues;"
        "identify({'a': Clues('t1.nii')}); assert 'SimpleITK' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
