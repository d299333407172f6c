"""Which clicks ask for the same, and what is said of jobs that ended; without a window."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Image

from napari_acs.inference.messages import Result
from napari_acs.viewer.masks import Mask
from napari_acs.widgets.asked import Asked
from napari_acs.widgets.outcomes import Outcomes, sentence_on
from napari_acs.widgets.request import SegmentRequest


@pytest.fixture
def layer():
    return Image(np.zeros((3, 4, 5), np.float32), name="T1")


def asked(layer, brain="auto"):
    shot = SimpleNamespace(data=layer.data)
    study = SimpleNamespace(name="p", layers={"t1": shot}, notes=())
    return Asked(SegmentRequest(study, "m", "cpu", brain), {"t1": layer})


def mask(labels):
    made = object.__new__(Mask)
    object.__setattr__(made, "labels", labels)
    return made


def test_a_moved_layer_is_another_request_and_the_check_keeps_where_it_was(layer):
    before = asked(layer)
    assert before.same(asked(layer))
    layer.translate = (1, 2, 3)
    assert not before.same(asked(layer))
    assert before.changed() == ("T1",)
    assert before.checked(()).changed() == ("T1",)


def test_another_brain_mask_is_another_request(layer):
    one, two = np.ones((3, 4, 5), bool), np.zeros((3, 4, 5), bool)
    assert asked(layer, mask(one)).same(asked(layer, mask(one.copy())))
    assert not asked(layer, mask(one)).same(asked(layer, mask(two)))
    assert not asked(layer, mask(one)).same(asked(layer, "auto"))


def test_of_several_outcomes_none_is_lost_and_the_most_urgent_colours_them():
    said = Outcomes()
    said.add("One was refused.", "refusal")
    said.add("Done.", "done")
    assert said.with_more("Wait.", "note") == ("One was refused.\nDone.\nWait.", "refusal")


def test_a_result_with_a_note_is_no_plain_success(layer):
    result = Result(SimpleNamespace(), ())
    assert sentence_on(asked(layer), result, 1.2, "") == ("Done in 1 s.", "done")
    words, kind = sentence_on(asked(layer), result, 1.2, "segmentation p")
    assert "'segmentation p', hidden" in words and kind == "note"
