"""Jobs that run out of memory: the next step is taken, said, recorded, and gives its own result."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch

from napari_acs.inference import Progress, Result, memory, run, walk
from napari_acs.inference.ladder import Plan

GPU_WORDS = "CUDA out of memory. Tried to allocate 20.00 GiB"
HOST_WORDS = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"


class Crowded(torch.nn.Module):
    """Takes no more voxels at once than ``limit``; what it says depends on the window's place."""

    def __init__(self, limit: int, fault: Exception) -> None:
        super().__init__()
        self.limit, self.fault = limit, fault
        self.shapes: list[tuple[int, ...]] = []
        self.held: list[weakref.ref] = []
        self.left_over = 0

    def __deepcopy__(self, memo):
        return self

    def forward(self, x):
        if self.shapes and self.shapes[-1] != tuple(x.shape):
            gc.collect()
            self.left_over += sum(ref() is not None for ref in self.held)
            self.held.clear()
        self.shapes.append(tuple(x.shape))
        ramp = torch.linspace(0, 0.4, x.shape[-1])
        if x[:, 0].numel() > self.limit:
            self.held.append(weakref.ref(ramp))
            raise type(self.fault)(*self.fault.args)  # a raised one holds its frames
        return 3 * (x[:, :3] - 1.5 + ramp)


@pytest.fixture
def crowded(known_bundle, make_spec):
    def make(limit, fault, patch=(64, 64, 64)):
        inputs = make_spec().input.model_dump() | {"patch": patch}
        known_bundle.spec = make_spec(input=inputs)
        known_bundle.net = Crowded(limit, fault)
        return known_bundle

    return make


def _end(messages):
    messages = list(messages)
    fractions = [m.fraction for m in messages if isinstance(m, Progress)]
    assert fractions == sorted(fractions)
    return messages[-1]


@pytest.mark.parametrize(
    "fault", [MemoryError(), torch.OutOfMemoryError(GPU_WORDS), RuntimeError(HOST_WORDS)]
)
def test_a_smaller_window_is_taken_said_recorded_and_gives_what_it_gives(
    known_study, crowded, fault
):
    bundle = crowded(32**3, fault)
    end = _end(run(known_study, bundle, device="cpu"))
    assert isinstance(end, Result), end
    assert {shape[2:] for shape in bundle.net.shapes} == {(64,) * 3, (32,) * 3}
    assert bundle.net.left_over == 0  # the failed try held nothing any more
    assert [note for note in end.notes if "64 x 64 x 64" in note], end.notes
    made = end.segmentation
    (step,) = made.provenance["memory"]
    assert (step["step"], step["from"], step["to"]) == ("window", [64] * 3, [32] * 3)
    assert "ran out" in step["why"]
    assert made.provenance["tiling"]["window_zyx"] == [32] * 3

    direct = _end(run(known_study, crowded(10**9, fault, (32,) * 3), device="cpu")).segmentation
    assert direct.provenance["memory"] == []
    np.testing.assert_array_equal(made.probabilities.values, direct.probabilities.values)
    np.testing.assert_array_equal(made.labels, direct.labels)
    whole = _end(run(known_study, crowded(10**9, fault), device="cpu")).segmentation
    assert not np.array_equal(whole.probabilities.values, direct.probabilities.values)


def test_fewer_windows_at_once_change_nothing_but_the_batch(known_study, crowded, monkeypatch):
    monkeypatch.setattr(memory, "batch_that_fits", lambda *a: 4)
    bundle = crowded(16**3, MemoryError(), (16,) * 3)
    end = _end(run(known_study, bundle, device="cpu"))
    assert [step["to"] for step in end.segmentation.provenance["memory"]] == [2, 1]
    assert {shape[0] for shape in bundle.net.shapes} == {4, 2, 1}
    (note,) = end.notes
    assert "one window at once instead of 4" in note
    assert "differ" not in note
    monkeypatch.undo()
    alone = _end(run(known_study, crowded(16**3, MemoryError(), (16,) * 3), device="cpu"))
    np.testing.assert_array_equal(
        end.segmentation.probabilities.values, alone.segmentation.probabilities.values
    )


def test_a_window_that_is_estimated_not_to_fit_is_not_tried(known_study, crowded, monkeypatch):
    need = memory.estimate_window_bytes((64,) * 3, 4, 3)
    monkeypatch.setattr(memory, "free_host_bytes", lambda: need)  # nothing left for the rest
    bundle = crowded(10**9, MemoryError())
    end = _end(run(known_study, bundle, device="cpu"))
    assert {shape[2:] for shape in bundle.net.shapes} == {(32,) * 3}
    (step,) = end.segmentation.provenance["memory"]
    assert "needs about" in step["why"]
    assert "is free" in step["why"]


def test_when_nothing_is_left_the_refusal_says_what_was_tried(known_study, crowded):
    end = _end(run(known_study, crowded(100, MemoryError()), device="cpu"))
    assert end.kind == "input"
    assert "There is not enough memory" in end.sentence()
    assert "Tried: windows down to 32 x 32 x 32 voxels" in end.sentence()


def test_a_gpu_that_is_too_small_hands_over_to_the_cpu(known_study, crowded, monkeypatch):
    # The device is simulated: one that not even the network fits on.
    bundle = crowded(10**9, MemoryError(), (32,) * 3)
    real = walk.Walk._first

    def first(self, device, precision):
        plan = real(self, device, precision)
        return Plan("meta", plan.precision, 2, plan.window, "cpu", plan.whole)

    monkeypatch.setattr(walk.Walk, "_first", first)

    def loaded(self):
        if self.plan.device == "meta":
            raise torch.OutOfMemoryError(GPU_WORDS)
        self._network = bundle.net

    monkeypatch.setattr(walk.Walk, "_load", loaded)
    monkeypatch.setattr(memory, "free_device_bytes", lambda device: None)
    end = _end(run(known_study, bundle, device="cpu"))
    assert isinstance(end, Result), end
    assert [s["step"] for s in end.segmentation.provenance["memory"]] == ["batch", "device"]
    assert "computed on the CPU instead of meta" in end.notes[0]
    assert end.segmentation.provenance["device"] == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_real_gpu_that_runs_out_steps_down(known_study, crowded):
    bundle = crowded(10**9, MemoryError())

    class Greedy(Crowded):
        def forward(self, x):
            self.shapes.append(tuple(x.shape))
            if x[:, 0].numel() > 32**3:
                torch.empty(torch.cuda.mem_get_info()[1] * 2, dtype=torch.uint8, device=x.device)
            return 30 * (x[:, :3] - 1.5)

    bundle.net = Greedy(0, MemoryError())
    end = _end(run(known_study, bundle, device="cuda"))
    assert isinstance(end, Result), end
    names = [step["step"] for step in end.segmentation.provenance["memory"]]
    assert names[-1] == "window"
    assert bundle.net.shapes[-1][2:] == (32, 32, 32)
