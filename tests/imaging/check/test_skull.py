"""A skull that is there, and what will be done about it."""

from __future__ import annotations

from imaging.check.sabotage import NEEDS, check, not_green, sound, with_grid, with_skull

from napari_acs.imaging.check import check_study


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
