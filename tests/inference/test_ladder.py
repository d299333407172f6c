"""The ladder as data: every step in its order, and an end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_acs.inference.ladder import Plan, next_step, note_on, tried

ON_GPU = Plan(
    device="cuda",
    precision="float32",
    batch=4,
    window=(128, 96, 80),
    sums="cuda",
    whole=(128, 96, 80),
    may_bfloat16=True,
    cpu_precision="bfloat16",
)


def _all_steps(plan, short=None):
    steps = []
    while step := next_step(plan, short or plan.device, "it was short"):
        steps.append(step)
        plan = step.after
    return steps


def test_what_leaves_the_mask_as_it_is_is_tried_first_and_the_cpu_last():
    steps = _all_steps(ON_GPU)
    names = [step.name for step in steps]
    assert names == [
        *("batch", "batch", "sums", "window", "window", "precision", "device"),
        *("window", "window"),  # on the CPU, from the model's own window again
    ]
    assert steps[3].after.window == (64, 64, 48)  # 40 is no multiple of 16, as 80 is
    assert steps[4].after.window == (32, 32, 32)
    there = steps[6].after
    assert (there.device, there.sums, there.precision) == ("cpu", "cpu", "bfloat16")
    assert (there.window, there.batch, there.may_bfloat16) == (ON_GPU.whole, 1, False)
    assert steps[3].record() == {
        "step": "window",
        "why": "it was short",
        "from": [128, 96, 80],
        "to": [64, 64, 48],
    }


def test_bfloat16_only_where_the_choice_is_ours():
    steps = _all_steps(replace(ON_GPU, may_bfloat16=False))
    assert "precision" not in [step.name for step in steps]


def test_a_gpu_job_has_no_step_that_frees_main_memory():
    assert next_step(ON_GPU, "cpu") is None


@given(
    st.tuples(*[st.integers(1, 300)] * 3),
    st.integers(1, 9),
    st.sampled_from(["cpu", "cuda", "mps"]),
)
def test_every_way_down_ends_and_every_window_suits_the_network(window, batch, device):
    plan = Plan(device, "float32", batch, window, device, window)
    steps = _all_steps(plan)
    assert len(steps) < 20
    for step in steps:
        for side, own in zip(step.after.window, window, strict=True):
            assert side <= own
            assert side >= min(own, 32)
            assert side % min(own & -own, 32) == 0 or side == own


def test_the_note_says_what_changed_in_the_end_and_what_it_means():
    steps = _all_steps(ON_GPU)
    assert note_on(steps[:3]) == (
        "Memory was short (it was short): the sums kept in main memory, one window at once "
        "instead of 4."
    )
    smaller = note_on(steps[:4])
    assert "windows of 64 x 64 x 48 instead of 128 x 96 x 80 voxels" in smaller
    assert smaller.endswith("The mask may differ a little from what more memory would give.")
    assert "computed on the CPU instead of cuda" in note_on(steps[:7])
    assert "windows of" not in note_on(steps[:7])


def test_what_was_tried_is_a_sentence():
    assert tried([]) == ""
    assert tried(_all_steps(ON_GPU)[:4]) == (
        "Tried: fewer windows at once, sums in main memory, windows down to 64 x 64 x 48 voxels"
    )


@pytest.mark.parametrize("own", [16, 24, 32])
def test_a_small_window_stays(own):
    assert next_step(Plan("cpu", "float32", 1, (own,) * 3, "cpu", (own,) * 3), "cpu") is None
