"""What a job makes ready first: skulls, brain masks, bias fields."""

from __future__ import annotations

import numpy as np
import pytest
from inference.messages import last_of

from napari_acs.imaging import Study, Volume
from napari_acs.inference import (
    STAGES,
    Result,
    run,
)
from napari_acs.inference.ready import Preparation


@pytest.fixture
def noisy_head(known_study):
    noise = np.random.default_rng(0).normal(0, 1, known_study.grid.shape)
    return Study(
        "head",
        {
            name: Volume(volume.array + np.where(volume.array == 0, noise, 0), volume.grid, None)
            for name, volume in known_study.sequences.items()
        },
    )


def test_a_skull_that_is_left_is_said(known_study, known_bundle, noisy_head):
    clean = last_of(run(known_study, known_bundle, device="cpu"))
    assert not any("skull" in note for note in clean.notes)
    as_it_is = Preparation(brain="none")
    end = last_of(run(noisy_head, known_bundle, device="cpu", preparation=as_it_is))
    said = " ".join(end.notes) if isinstance(end, Result) else end.sentence()
    assert "still shows the skull" in said


def test_a_brain_that_cannot_be_found_ends_the_job_with_what_to_do(known_bundle, noisy_head):
    end = last_of(run(noisy_head, known_bundle, device="cpu"))
    assert end.kind == "input"
    assert "could not be told from the skull" in end.sentence()
    assert "Give a brain mask" in end.do
    assert known_bundle.net.calls == 0


def test_a_given_brain_mask_is_used_and_recorded(known_study, known_bundle, noisy_head):
    mask = np.asarray(known_study.sequences["t1"].array != 0, np.uint8)
    given = Preparation(brain=Volume(mask, known_study.grid), bias_correction=False)
    messages = list(run(noisy_head, known_bundle, device="cpu", preparation=given))
    made = messages[-1].segmentation
    assert "ready" in {message.stage for message in messages[:-1]}
    np.testing.assert_array_equal(made.brain, mask.astype(bool))
    assert not made.brain.flags.writeable
    assert not (made.labels.astype(bool) & ~made.brain).any()
    (step,) = made.provenance["inputs"]["t1"]["steps"]
    assert step["step"] == "brain extracted"
    assert set(made.seconds) == {"ready", *STAGES}
    assert any("brain was cut out" in note for note in messages[-1].notes)
    fractions = [message.fraction for message in messages[:-1]]
    assert fractions == sorted(fractions)


def test_the_bias_field_is_corrected_on_request(known_study, known_bundle):
    wanted = Preparation(bias_correction=True)
    made = last_of(run(known_study, known_bundle, device="cpu", preparation=wanted)).segmentation
    steps = [made.provenance["inputs"][name]["steps"] for name in known_study.sequences]
    assert [[step["step"] for step in each] for each in steps] == [["bias corrected"]] * len(steps)
