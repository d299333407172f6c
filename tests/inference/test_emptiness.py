"""Why nothing was found, in sentences."""

from __future__ import annotations

import numpy as np

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.needs import Needs
from napari_acs.inference.emptiness import how_near, nearest_place, suspects, with_check
from napari_acs.inference.messages import Nearest
from napari_acs.inference.sentences import notes_on, nothing_found
from napari_acs.models.spec import GLIOMA_OUTPUT

NEAREST = (
    Nearest("WT", "whole tumour", 0.31, 0.5, (12.2, -30.0, 8.0)),
    Nearest("TC", "tumour core", 0.19, 0.2, (10.0, -31.0, 7.0)),
    Nearest("ET", "enhancing tumour", 0.02, 0.5, (1.0, 2.0, 3.0)),
)
NEEDS = Needs(("t1", "flair"), costs={"t1+flair": {"WT": 0.9}, "t1": {"WT": 0.4}}, cost_cases=5)
MISSING = (
    "FLAIR missing: on the model's own 5 validation cases mean Dice was WT 0.40 instead of 0.90"
)
LINES = (
    CheckLine("grids", "green", "Sequences lie on one grid"),
    CheckLine("model", "amber", "Slices are thick", "T1 5 mm"),
    CheckLine(
        "sequences", "amber", "A sequence may be wrong", f"T1: a FLAIR by its look; {MISSING}"
    ),
    CheckLine("skull", "red", "Some show the skull", "T1 with skull"),
)


def empty(**more):
    peaks = np.float32([near.probability for near in NEAREST])
    return nothing_found("case", GLIOMA_OUTPUT.regions, peaks, ["flair"], [], needs=NEEDS, **more)


def test_the_place_is_that_of_the_region_nearest_to_its_own_threshold():
    assert nearest_place(NEAREST) is NEAREST[1]
    assert nearest_place(()) is None
    assert how_near(()) == ""
    assert "TC 0.19 (needs 0.2)" in how_near(NEAREST)
    assert "TC came nearest at x 10, y -31, z 7 mm" in how_near(NEAREST)


def test_the_failure_says_how_near_where_and_what_is_missing():
    failure = empty(nearest=NEAREST)
    assert failure.kind == "empty"
    assert failure.nearest == NEAREST
    for part in ("WT 0.31", "TC came nearest at", MISSING, "add a missing one"):
        assert part in failure.sentence(), part
    without_places = empty()
    assert without_places.nearest == ()
    assert "WT 0.31, TC 0.19, ET 0.02 (WT needs 0.5)" in without_places.why


def test_the_checks_lines_come_red_first_and_nothing_is_said_twice():
    assert suspects(LINES) == (
        "Some show the skull: T1 with skull",
        f"A sequence may be wrong: T1: a FLAIR by its look; {MISSING}",
        "Slices are thick: T1 5 mm",
    )
    said = with_check(empty(nearest=NEAREST), LINES).sentence()
    assert said.count("FLAIR missing") == 1
    assert "T1: a FLAIR by its look" in said
    assert said.index("Some show the skull") < said.index("Slices are thick")
    assert "one grid" not in said
    only_missing = CheckLine("sequences", "amber", "A sequence is missing", MISSING)
    assert with_check(empty(), (only_missing,)) == empty()


def test_a_note_on_a_mask_says_what_a_missing_sequence_costs():
    assert notes_on(None, (), ["flair"], NEEDS) == (f"{MISSING}. Check the mask with more care.",)
    assert notes_on(None, (), ["flair"]) == (
        "Segmented without flair: check the mask with more care.",
    )
    assert notes_on(None, (), [], NEEDS) == ()
