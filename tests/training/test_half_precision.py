"""fp16: a run that goes on has the scale of one that was never stopped. On the CPU, by hand."""

from __future__ import annotations

import pytest
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from training.toy import Toy, toy_network, toy_plan

from napari_acs.errors import BadInput
from napari_acs.training.checkpoint import read_checkpoint
from napari_acs.training.loop import train


def _fabric(scale=2.0**16, growth_interval=3):
    """What `start_processes` makes for fp16 on a GPU, with a scale that soon moves."""
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=growth_interval)
    precision = MixedPrecision("16-mixed", "cpu", scaler)
    fabric = Fabric(accelerator="cpu", devices=1, plugins=precision)
    fabric.launch()
    return fabric


def _run(run, fabric, stop_after=99):
    plan = toy_plan(precision="fp16", steps=10)
    steps = []
    for step in train(
        plan, Toy(), toy_network(), run, fabric=fabric, stop=lambda: len(steps) + 1 >= stop_after
    ):
        steps.append(step)
    return steps


@pytest.mark.usefixtures("one_torch_thread")
@pytest.mark.parametrize("scale", [2.0**10, 2.0**40], ids=["grows", "overflows first"])
def test_a_run_that_goes_on_keeps_its_scale_and_its_count_to_the_next(tmp_path, scale):
    _run(tmp_path / "whole", _fabric(scale))
    _run(tmp_path / "parts", _fabric(scale), stop_after=5)
    stopped = read_checkpoint(tmp_path / "parts")["precision"]
    assert stopped["scale"] != scale, "it moved before the stop, so losing it would show"
    assert _run(tmp_path / "parts", _fabric(scale))[0].step == 6
    whole, parts = (read_checkpoint(tmp_path / name) for name in ("whole", "parts"))
    assert parts["precision"] == whole["precision"]
    for part in ("network", "average"):
        for name, tensor in whole[part].items():
            torch.testing.assert_close(parts[part][name], tensor, rtol=0, atol=0, msg=name)


class _Overflows(Toy):
    """Loses some steps; so do the running statistics where ``whole``."""

    def __init__(self, steps, whole):
        super().__init__()
        self.steps, self.whole, self.step = steps, whole, 0

    def draw(self, step):
        self.step = step
        x, y = super().draw(step)
        return (x * float("inf") if self.whole and step in self.steps else x), y

    def loss(self, output, target):
        return super().loss(output, target) * (float("nan") if self.step in self.steps else 1)


def test_some_lost_steps_are_passed_over(tmp_path):
    plan = toy_plan(precision="fp16", steps=10)
    task = _Overflows({2, 3, 7}, whole=False)
    steps = list(train(plan, task, toy_network(), tmp_path, fabric=_fabric()))
    assert [step.step for step in steps if step.loss != step.loss] == [3, 4, 8]
    kept = read_checkpoint(tmp_path)["average"].values()
    assert all(bool(tensor.isfinite().all()) for tensor in kept)


@pytest.mark.parametrize(
    ("lost", "whole", "said"),
    [(range(5, 99), False, "last 20 steps to 25 are not"), ([7], True, "running statistics")],
    ids=["all", "statistics"],
)
def test_steps_that_nothing_comes_of_end_the_run_and_keep_the_checkpoint(
    tmp_path, lost, whole, said
):
    plan = toy_plan(precision="fp16", steps=40)
    with pytest.raises(BadInput, match=said):
        list(train(plan, _Overflows(lost, whole), toy_network(), tmp_path, fabric=_fabric()))
    kept = read_checkpoint(tmp_path)
    assert kept["step"] == (24 if said.startswith("last") else 6)
    assert all(bool(tensor.isfinite().all()) for tensor in kept["network"].values())
