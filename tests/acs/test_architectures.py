"""Every torchvision classification CNN, converted, run, and compared with its 2D network."""

import warnings

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models import list_models

from napari_acs.acs import ACSConv3d, UnsupportedModule, convert

TRANSFORMERS = [n for n in list_models(module=torchvision.models) if n.startswith(("vit", "swin"))]
TRANSFORMERS.append("maxvit_t")
QUICK = [
    *("alexnet", "vgg11", "vgg11_bn", "resnet18", "resnext50_32x4d", "densenet121"),
    *("squeezenet1_0", "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small", "mnasnet0_5"),
    *("shufflenet_v2_x0_5", "efficientnet_b0", "efficientnet_v2_s", "regnet_x_400mf"),
    *("regnet_y_400mf", "convnext_tiny", "googlenet", "inception_v3"),
]
CNNS = [n for n in list_models(module=torchvision.models) if n not in TRANSFORMERS]
PARAMETERS = [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in CNNS]
SMALLEST = {"alexnet": 63, "inception_v3": 75}


@pytest.fixture
def flat(request):
    """A 2D network with five classes and no layer that hides what it does by beginning at 0."""
    name = request.param
    torch.manual_seed(0)
    given = {"init_weights": False} if name.startswith(("vgg", "googlenet", "inception")) else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = torchvision.models.get_model(name, weights=None, num_classes=5, **given)
    if name in QUICK and name.startswith(("vgg", "alexnet")):  # 100 million weights are no use
        wide = next(m.in_features for m in network.classifier if isinstance(m, nn.Linear))
        network.classifier = nn.Sequential(
            nn.Linear(wide, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 5)
        )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.02)
    network.architecture = name
    return network.eval()


def rewritten(solid):
    names = {type(m).__name__.removeprefix("Lifted") for m in solid.modules() if is_lifted(m)}
    return ", ".join(sorted(names)) or "none"


def is_lifted(module):
    return type(module).__name__.startswith("Lifted")


def described(name, solid):
    millions = sum(p.numel() for p in solid.parameters()) / 1e6
    return f"{name}\t{millions:.1f}\t{rewritten(solid)}"


@pytest.mark.parametrize("flat", PARAMETERS, indirect=True)
def test_a_classifier_is_its_2d_network_on_slices_and_trains(
    flat, assert_2d_on_slices, record_property
):
    name = flat.architecture
    side = SMALLEST.get(name, 33)
    # With all channels axial, a volume constant along z has the 2D network's logits.
    assert_2d_on_slices(flat, (max(side, 64),) * 3, (side + 1, side, side + 12))

    solid = convert(flat)
    solid.load_state_dict(flat.state_dict(), strict=True)
    flat_state, state = flat.state_dict(), solid.state_dict()
    assert {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in flat_state.items()}
    assert not solid.training
    even = side + side % 2
    volumes = [(side, side + 2, side + 4), (even, even + 2, even + 4)]
    for sides in volumes:
        with torch.no_grad():
            out = solid(torch.randn(1, 3, *sides))
        assert out.shape == (1, 5)
        assert out.isfinite().all()

    solid.train()
    if name == "inception_v3":  # its side exit needs 299 voxels: see the next test
        solid.AuxLogits = None
    for sides in volumes:
        outputs = solid(torch.randn(2, 3, *sides))
        several = outputs if isinstance(outputs, tuple) else [outputs]
        logits = [o for o in several if o is not None]
        assert [tuple(o.shape) for o in logits] == [(2, 5)] * (3 if name == "googlenet" else 1)
        solid.zero_grad()
        sum(o.sum() for o in logits).backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in solid.parameters())
    assert all(p.grad is None for p in flat.parameters()), "parameters are shared"
    assert all(torch.equal(flat_state[k], v) for k, v in flat.state_dict().items())
    assert not any(isinstance(m, ACSConv3d) for m in flat.modules()), "the argument was changed"
    record_property("acs architecture", described(name, convert(flat)))


def test_the_side_exit_of_inception(assert_2d_on_slices):
    head = torchvision.models.inception.InceptionAux(768, 5).eval()
    assert_2d_on_slices(head, (17, 17, 17), channels=768)
    solid = convert(head).train()
    out = solid(torch.randn(2, 768, 17, 17, 17))
    out.sum().backward()
    assert out.shape == (2, 5)
    assert all(p.grad is not None for p in solid.parameters())


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers_are_refused(name, record_property):
    with torch.device("meta"):
        flat = torchvision.models.get_model(name, weights=None)
    with pytest.raises(UnsupportedModule, match="is a transformer, not a CNN") as refusal:
        convert(flat)
    record_property("acs refused", f"{name}\t{refusal.value}")
