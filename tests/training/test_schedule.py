"""The learning rate: what it is at each step, and that each step is made with it."""

import pytest
import torch
from torch import nn
from training.toy import Toy, toy_network, toy_plan

from napari_acs.training import loop
from napari_acs.training.schedule import learning_rate, make_optimiser, set_rate


def test_it_warms_up_holds_and_falls_to_a_hundredth():
    plan = toy_plan(steps=20, warm_up_steps=4, decay_steps=10, learning_rate=2.0)
    rates = [learning_rate(plan, step) for step in range(20)]
    assert rates[:4] == pytest.approx([0.5, 1.0, 1.5, 2.0])
    assert rates[4:11] == pytest.approx([2.0] * 7)
    assert rates[11:] == pytest.approx([2.0 * left / 10 for left in range(9, 0, -1)])
    assert learning_rate(plan, 20) == pytest.approx(0.02)
    flat = toy_plan(steps=20, warm_up_steps=0, decay_steps=0, learning_rate=2.0)
    assert {learning_rate(flat, step) for step in range(20)} == {2.0}


def test_the_encoder_learns_more_slowly_and_what_is_frozen_not_at_all():
    network = nn.ModuleDict({"encoder": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
    network["encoder"].bias.requires_grad_(False)
    optimiser = make_optimiser(toy_plan(encoder_rate=0.25), network)
    set_rate(optimiser, 0.4)
    rates = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    assert rates[id(network["encoder"].weight)] == pytest.approx(0.1)
    assert rates[id(network["head"].weight)] == pytest.approx(0.4)
    assert id(network["encoder"].bias) not in rates


def test_each_step_is_made_with_its_rate(tmp_path, monkeypatch):
    made, update = [], loop.update

    def spy(fabric, plan, task, wrapped, network, optimiser, batch, step):
        made.append(optimiser.param_groups[0]["lr"])
        return update(fabric, plan, task, wrapped, network, optimiser, batch, step)

    monkeypatch.setattr(loop, "update", spy)
    plan = toy_plan(warm_up_steps=3)
    steps = list(loop.train(plan, Toy(), toy_network(), tmp_path))
    wanted = [learning_rate(plan, step) for step in range(plan.steps)]
    assert made == [step.rate for step in steps] == wanted
    assert len(set(made)) > 3


def test_large_gradients_are_clipped(tmp_path):
    class Steep(Toy):
        def loss(self, output, target):
            return 1e6 * super().loss(output, target)

    network = toy_network()
    list(loop.train(toy_plan(steps=1, decay_steps=0), Steep(), network, tmp_path))
    grown = torch.stack([parameter.grad.norm() for parameter in network.parameters()]).norm()
    assert float(grown) == pytest.approx(5.0, rel=1e-3)


class _Watched(Toy):
    """The same batch at every step, and what came out of the network."""

    def __init__(self):
        super().__init__()
        self.outputs, self.judged = [], []

    def draw(self, step):
        x, target = super().draw(0)
        return x[:2].repeat(2, 1, 1, 1, 1), target[:2].repeat(2)

    def loss(self, output, target):
        self.outputs.append(output.detach().clone())
        return super().loss(output, target)

    def validate(self, network):
        self.judged.append({k: v.clone() for k, v in network.state_dict().items()})
        return super().validate(network)


def _watched(folder, **fields):
    task = _Watched()
    plan = toy_plan(steps=2, decay_steps=0, validate_every=2, **fields)
    list(loop.train(plan, task, toy_network(), folder))
    return task


def test_dropout_differs_from_step_to_step_and_share_to_share_and_comes_again(tmp_path):
    still = {"learning_rate": 1e-12, "shares": 2}  # weights stay, so dropout alone can differ
    first, again = (_watched(tmp_path / name, **still).outputs for name in "ab")
    assert len(first) == 4
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one, other)
    apart = [not torch.allclose(a, b) for i, a in enumerate(first) for b in first[:i]]
    assert all(apart)
    other_seed = _watched(tmp_path / "c", **still, seed=1).outputs
    assert not torch.allclose(first[0], other_seed[0])


def test_it_is_the_average_that_is_judged(tmp_path):
    (judged,) = _watched(tmp_path, learning_rate=0.1, ema=0.9).judged
    saved = loop.read_checkpoint(tmp_path)
    assert all(torch.equal(value, saved["average"][name]) for name, value in judged.items())
    assert not torch.allclose(judged["4.weight"], saved["network"]["4.weight"])


def test_tiny_maps_are_computed_in_float32_at_each_step(tmp_path):
    network, seen = toy_network(), []
    network[0].register_forward_hook(lambda *called: seen.append(called[-1].dtype))
    list(loop.train(toy_plan(precision="bf16", steps=1), Toy(), network, tmp_path))
    assert torch.float32 in seen
    assert torch.bfloat16 not in seen
