"""Sequences on one grid and on several: aligned, not known to be, or never."""

from __future__ import annotations

from dataclasses import replace

import pytest
from imaging.check.sabotage import check, sound, with_skull

from napari_acs.imaging.step import Step


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
