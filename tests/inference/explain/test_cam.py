"""Activation maps against a gradient taken by hand, and their sanity checks."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from napari_acs.imaging import sample_mask, sample_study
from napari_acs.inference.classify_input import classifier_box
from napari_acs.inference.explain.cam import activation_map, mean_activation_map, useful_level
from napari_acs.models import load_classifier
from napari_acs.models.classifier import ACSClassifier, pooled
from napari_acs.models.classifier_ensemble import together


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return ACSClassifier("squeezenet1_1", 2, 3, resolutions=2, dropout=0.5).eval()


@pytest.fixture(scope="module")
def box():
    torch.manual_seed(1)
    return torch.randn(1, 2, 24, 28, 20)


def by_hand(network, box, target, method, level):
    """Run what follows the map alone, and weigh channel by channel."""
    maps = network.encoder(box)
    chosen = maps[level].detach().requires_grad_()
    x = chosen
    for stage in network.encoder.trunk[network.encoder._taps[level] + 1 :]:
        x = stage(x)
    network.head(pooled(x))[0, target].backward()
    gradient = chosen.grad
    network.zero_grad()
    if method == "gradcam":
        n = gradient[0, 0].numel()
        weights = torch.stack([one.sum() / n for one in gradient[0]])
        found = sum(w * a for w, a in zip(weights, chosen[0], strict=True))
    else:
        found = sum(g.clamp_min(0) * a for g, a in zip(gradient[0], chosen[0], strict=True))
    found = found.clamp_min(0).detach()
    big = functional.interpolate(found[None, None], box.shape[2:], mode="trilinear")[0, 0]
    return big / big.max()


@pytest.mark.parametrize("method", ["gradcam", "layercam"])
@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("target", [0, 2])
def test_it_is_the_gradient_taken_by_hand(network, box, method, level, target):
    found = activation_map(network, box, target, method, level)
    torch.testing.assert_close(found, by_hand(network, box, target, method, level))
    assert found.shape == box.shape[2:]
    assert float(found.min()) >= 0
    assert float(found.max()) == 1


def test_nothing_is_left_behind(network, box):
    before = copy.deepcopy(network.state_dict())
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    with torch.no_grad():
        activation_map(network, box, 1)
    assert all(p.grad is None for p in network.parameters())
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    assert not any(m._forward_hooks or m._backward_hooks for m in network.modules())
    assert not box.requires_grad
    assert not network.training


@pytest.mark.parametrize("method", ["gradcam", "layercam"])
def test_weights_that_mean_nothing_make_another_map(method):
    """The sanity check of Adebayo et al. 2018, on the demo: layer by layer, from the head on."""
    bundle = load_classifier("demo-enhancing-acs-mobilenetv2")
    seen = classifier_box(sample_study(), bundle.spec.input, sample_mask())
    shown = torch.from_numpy(seen.array)[None]
    random = bundle.network()
    trained = activation_map(random, shown, 1, method)
    kernels = [p for p in random.parameters() if p.dim() > 1]
    torch.manual_seed(7)
    like = []
    with torch.no_grad():
        for number, kernel in enumerate(reversed(kernels)):
            kernel.normal_(std=float(kernel.std()))
            if number in (0, len(kernels) // 2, len(kernels) - 1):
                other = activation_map(random, shown, 1, method)
                pair = torch.stack([trained.flatten(), other.flatten()])
                like.append(float(torch.corrcoef(pair)[0, 1]))
    assert like[0] < 0.9, "another head, another map"
    assert max(map(abs, like[1:])) < 0.6


def test_where_nothing_speaks_for_a_class_the_map_is_empty(network, box):
    silent = copy.deepcopy(network)
    nn.init.zeros_(silent.head[1].weight)
    assert not activation_map(silent, box, 1).any()


def test_the_deepest_map_that_tells_places_apart():
    assert useful_level((2, 4, 8, 16), (32, 40, 32)) == 1
    assert useful_level((2, 4, 8, 16), (64, 64, 70)) == 2
    assert useful_level((4, 8), (16, 16, 16)) == 0


def test_what_is_not_there_is_refused(network, box):
    for wrong in ({"target": 3}, {"target": 0, "resolution": 2}, {"target": 0, "method": "x"}):
        with pytest.raises(ValueError, match="not"):
            activation_map(network, box, **wrong)


def test_an_ensemble_s_map_is_the_mean_of_its_members_and_turns_with_the_box(network, box):
    torch.manual_seed(5)
    other = ACSClassifier("squeezenet1_1", 2, 3, resolutions=2, dropout=0.5).eval()
    both = together([network, other])
    mean = sum(activation_map(one, box, 1) for one in (network, other)) / 2
    torch.testing.assert_close(mean_activation_map(both, box, 1), mean / mean.max())
    assert torch.equal(mean_activation_map(network, box, 1), activation_map(network, box, 1))
    mirrored = together([network], mirrored=True)
    found = mean_activation_map(mirrored, box, 1)
    torch.testing.assert_close(mean_activation_map(mirrored, box.flip(-1), 1), found.flip(-1))
