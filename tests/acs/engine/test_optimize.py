"""Whole networks through the engine, against themselves."""

import copy
import operator

import pytest
import torch
import torchvision
from torch import nn

import napari_acs
from napari_acs.acs import ACSConv3d
from napari_acs.acs.engine import Plan, choose, optimize
from napari_acs.acs.engine.activations import Activation
from napari_acs.acs.engine.fused import FusedConv
from napari_acs.acs.engine.precision import fast_dtype
from napari_acs.models.unet import ACSUNet

NETWORKS = [
    pytest.param("resnet18", marks=pytest.mark.slow),  # sums of two; the U-Net below has it too
    "mobilenet_v2",  # depthwise, ReLU6, sums without activation
    "squeezenet1_1",  # concatenations, no norms
    "densenet121",  # norms before the convolutions
    "efficientnet_b0",  # squeeze-and-excite, SiLU
    "regnet_x_400mf",  # channel groups
]


def with_statistics(network):
    """Give the norms running statistics that a wrong fold would not survive."""
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm3d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
    return network


def relative(found, expected):
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_computes_the_same(name):
    torch.manual_seed(0)
    flat = torchvision.models.get_model(name, weights=None, num_classes=5)
    network = napari_acs.convert(with_statistics(flat), in_channels=4).train()
    before = copy.deepcopy(network.state_dict())
    fast = optimize(network, torch.randn(1, 4, 32, 32, 32), torch.float32)
    assert network.training
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    assert not any(isinstance(m, ACSConv3d) for m in fast.modules())
    network.eval()
    for shape in [(1, 4, 32, 32, 32), (2, 4, 33, 41, 38)]:
        x = torch.randn(shape)
        with torch.no_grad():
            expected = network(x)
        found = fast(x)
        assert not found.requires_grad
        assert found.dtype == torch.float32
        assert relative(found, expected) < 1e-4
    rough = optimize(network, torch.randn(1, 4, 32, 32, 32), torch.bfloat16)
    assert rough.dtype == torch.bfloat16
    assert relative(rough(x), expected) < 0.1


def test_the_unet_is_fused_whole():
    network = with_statistics(ACSUNet("resnet18", 4, 3)).eval()
    example = torch.randn(1, 4, 48, 32, 40)
    fast = optimize(network, example, torch.float32)
    kinds = {type(m) for m in fast.modules()}
    assert nn.BatchNorm3d not in kinds
    assert nn.ReLU not in kinds
    left = {node.target for node in fast.network.graph.nodes if node.op == "call_function"}
    assert not left & {torch.cat, operator.add, operator.iadd, torch.nn.functional.interpolate}
    for x in (example, torch.randn(1, 4, 35, 50, 33)):
        with torch.no_grad():
            assert relative(fast(x), network(x)) < 1e-4


class _WrittenBetween(nn.Module):
    """What a residual sum reads is overwritten after the convolution has read it."""

    def __init__(self):
        super().__init__()
        self.conv = ACSConv3d(4, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.first = ACSConv3d(4, 4, 1)

    def forward(self, x):
        x = self.first(x)
        y = self.conv(x)
        x = self.relu(x)
        return y + x


class _ShapesAndNumbers(nn.Module):
    """Sums with a number, a broadcast and the same tensor; a concatenation that is used twice."""

    def __init__(self):
        super().__init__()
        self.a, self.b = ACSConv3d(4, 6, 3, padding=1), ACSConv3d(10, 6, 3, padding=1)
        self.norm = nn.BatchNorm3d(6)

    def forward(self, x):
        y = self.a(x)
        y = y + y
        both = torch.cat([x, y], 1)
        z = self.norm(self.b(both)) + x.shape[0]
        twice = self.a(torch.cat([x, x], 2))  # along z: no input channels
        return z * both.mean() + self.a(x) + twice[:, :, : x.shape[2]]


class _ChangesCourse(nn.Module):
    """A forward that torch.fx cannot follow: its children are fused one by one."""

    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(ACSConv3d(4, 6, 3), nn.BatchNorm3d(6), nn.ReLU())

    def forward(self, x):
        return {"y": self.block(x), "n": x.shape[0]} if x.sum() > -1e9 else x


@pytest.mark.parametrize("kind", [_WrittenBetween, _ShapesAndNumbers])
def test_what_may_not_be_fused_is_not(kind):
    network = with_statistics(kind()).eval()
    x = torch.randn(1, 4, 8, 9, 10)
    with torch.no_grad():
        expected = network(x)
    assert relative(optimize(network, x, torch.float32)(x), expected) < 1e-5


def test_a_forward_that_cannot_be_traced_keeps_its_course():
    network, x = with_statistics(_ChangesCourse()).eval(), torch.randn(1, 4, 8, 9, 10)
    fast = optimize(network, x, torch.float32)
    found, expected = fast(x), network(x)
    assert found["n"] == 1
    assert relative(found["y"], expected["y"].detach()) < 1e-5
    assert sum(isinstance(m, FusedConv) for m in fast.modules()) == 1


@pytest.mark.parametrize("where", ["0", "1", "2", ""])
def test_a_hook_that_changes_the_answer_still_does(where):
    network = with_statistics(
        nn.Sequential(ACSConv3d(4, 6, 3), nn.BatchNorm3d(6), nn.ReLU(), ACSConv3d(6, 3, 1))
    ).eval()
    network.get_submodule(where).register_forward_hook(lambda module, args, y: y + 3)
    x = torch.randn(1, 4, 8, 9, 10)
    with torch.no_grad():
        expected = network(x)
    assert relative(optimize(network, x, torch.float32)(x), expected) < 1e-5


def test_a_single_layer_is_optimized():
    layer, x = ACSConv3d(4, 6, 3), torch.randn(1, 4, 8, 9, 10)
    torch.testing.assert_close(optimize(layer, x, torch.float32)(x), layer(x).detach())


def test_a_kept_plan_is_not_timed_again(tmp_path, monkeypatch):
    file = tmp_path / "plan.json"
    network, x = ACSUNet("mobilenet_v2", 4, 3), torch.randn(1, 4, 32, 32, 32)
    first = optimize(network, x, torch.float32, plan=file)
    monkeypatch.setattr(choose, "_fastest", lambda *_: pytest.fail("a layer was timed"))
    again = optimize(network, x, torch.float32, plan=file)
    ways = [[m.way for m in net.modules() if isinstance(m, FusedConv)] for net in (first, again)]
    assert ways[0] == ways[1]
    assert torch.equal(first(x), again(x))


def test_without_an_example_the_first_input_is_timed_and_the_plan_kept(tmp_path):
    file = tmp_path / "new" / "plan.json"
    layer, x = ACSConv3d(4, 6, 3), torch.randn(1, 4, 8, 9, 10)
    fast = optimize(layer, dtype=torch.float32, plan=file)
    assert not file.exists()
    torch.testing.assert_close(fast(x), layer(x).detach())
    assert Plan.load(file).ways == fast.plan.ways != {}
    assert [p.name for p in file.parent.iterdir()] == ["plan.json"]


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    (tmp_path / "file").write_text("")
    fast = optimize(ACSConv3d(4, 6, 3), torch.randn(1, 4, 8, 9, 10), plan=tmp_path / "file" / "p")
    assert fast.plan.ways


def test_of_equally_fast_ways_the_one_without_a_concatenation_is_taken(monkeypatch):
    times = {"planes, onednn": 1.0, "planes, onednn, apart": 1.08, "dense, onednn, apart": 1.3}
    fused = FusedConv(None, Activation(), torch.float32, lambda *_: "")
    monkeypatch.setattr(FusedConv, "ready", lambda self, way, inputs: lambda *_: times[way])
    monkeypatch.setattr(choose, "_seconds", lambda run, device: run())
    x = (torch.zeros(1),)
    assert choose._fastest(fused, list(times), x, None) == "planes, onednn, apart"
    times["planes, onednn, apart"] = 1.2
    assert choose._fastest(fused, list(times), x, None) == "planes, onednn"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"machine": "another", "ways": {"a": "b"}}', '{"machine": 1}', "\x00"]
)
def test_a_plan_that_cannot_be_used_is_empty(tmp_path, text):
    file = tmp_path / "plan.json"
    file.write_text(text)
    assert Plan.load(file) == Plan()
    assert Plan.load(tmp_path / "none.json") == Plan()


def test_a_remembered_way_that_is_unknown_is_timed():
    layer, x = ACSConv3d(4, 6, 3), torch.randn(1, 4, 8, 9, 10)
    kept = optimize(layer, x, torch.float32).plan
    wrong = Plan(dict.fromkeys(kept.ways, "by magic"))
    torch.testing.assert_close(optimize(layer, x, torch.float32, plan=wrong)(x), layer(x).detach())


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({}, torch.float32),
    ],
)
def test_bfloat16_is_chosen_where_the_cpu_multiplies_it(monkeypatch, found, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert fast_dtype("cpu") == expected
