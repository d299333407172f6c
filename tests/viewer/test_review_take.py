"""How unsure a model was of a mask that is taken into a session: its own figure, else the map's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from review.session.sessions import GRID, SHAPE, make

from napari_acs.review.session.session import open_session
from napari_acs.review.session.worklist import rows
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.review_take import take

OWN = {"uncertainty": {"mean": 0.3, "of": "entropy"}}


@pytest.mark.parametrize(
    ("said", "shown", "expected"),
    [
        (OWN, False, 0.3),
        (OWN, True, 0.3),
        ({}, True, 0.75),
        ({"uncertainty": None}, False, None),
        (None, False, None),
        ({"uncertainty": {"mean": math.nan}, "scale": math.inf}, False, None),
    ],
    ids=[
        "the model's figure",
        "rather than the map",
        "the map",
        "nothing found",
        "another tool's",
        "no number",  # which no log can hold: the mask could not be taken
    ],
)
def test_a_figure_is_taken_and_never_made_up(tmp_path, said, shown, expected):
    (path,) = make(tmp_path)
    labels = np.zeros(SHAPE, np.uint8)
    labels[2, 3, 4:6] = 3
    unsure = np.where(labels, np.float16(0.75), np.float16(0))
    info = LayerInfo(GRID, provenance=said, prediction=labels)
    with open_session(path) as session:
        mask = take(session, 1, info, unsure if shown else None)
        assert mask.uncertainty == expected
        assert rows(session.state, {})[0].uncertainty == expected
