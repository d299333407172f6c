"""What names, series descriptions and timing say of a sequence."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from imaging.identify.acquired import tags, timed
from imaging.test_names import DIALECTS

from napari_acs.imaging.identify import (
    from_name,
    from_tags,
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


def test_names_and_tags_need_no_simpleitk():
    code = (
        "import sys; from napari_acs.imaging.identify import identify, Clues;"
        "identify({'a': Clues('t1.nii')}); assert 'SimpleITK' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
