"""The demo's score, against the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_acs.viewer.demo import DemoOutcome, dice_scores

label_map = st.lists(st.sampled_from([0, 1, 2, 3, 4]), min_size=12, max_size=12).map(np.array)


@given(ours=label_map, truth=label_map)
def test_dice_is_the_overlap_of_sets(ours, truth):
    for name, values in {"WT": {1, 2, 3, 4}, "TC": {1, 3, 4}, "ET": {3, 4}}.items():
        a = {i for i, v in enumerate(ours) if v in values}
        b = {i for i, v in enumerate(truth) if v in values}
        expected = 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0
        assert dice_scores(ours, truth)[name] == pytest.approx(expected)


def test_the_outcome_prints_what_was_made(tmp_path):
    text = str(DemoOutcome(tmp_path / "screenshot.png", tmp_path / "m.nii.gz", {"WT": 0.5}, 3))
    assert str(tmp_path / "screenshot.png") in text
    assert "WT 0.500" in text
