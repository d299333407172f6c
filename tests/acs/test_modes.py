"""Whole networks in every mode."""

import pytest
import torch
import torchvision
from torch import nn

import napari_acs
from napari_acs.acs import ACSConv3d
from napari_acs.acs.modes import CONVOLUTIONS, MODES, TRANSPOSED
from napari_acs.acs.soft import SoftACSConv3d

LAYERS = {"acs": ACSConv3d, "soft": SoftACSConv3d}


def network(name):
    torch.manual_seed(0)
    return torchvision.models.get_model(name, weights=None, num_classes=5).eval()


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
@pytest.mark.parametrize("mode", MODES)
def test_network_is_made_of_the_modes_layers_and_trains(name, mode):
    flat = network(name)
    solid = napari_acs.convert(flat, mode=mode, in_channels=2)
    layers = [m for m in solid.modules() if isinstance(m, LAYERS.get(mode, nn.Conv3d))]
    convs = [m for m in flat.modules() if isinstance(m, nn.Conv2d)]
    assert len(layers) == len(convs)
    extra = {key for key in solid.state_dict() if key.endswith(".soft_w_core")}
    assert solid.state_dict().keys() - extra == flat.state_dict().keys()
    assert len(extra) == (len(convs) if mode == "soft" else 0)
    for layer, conv in zip(layers, convs, strict=True):
        k = conv.kernel_size[0]
        assert layer.weight.shape[2:] == ((k, k) if mode in LAYERS else (k, k, k))
    out = solid(torch.randn(1, 2, 33, 40, 35))
    assert out.shape == (1, 5)
    out.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in solid.parameters())


def test_modes_agree_on_the_size_of_volumes():
    flat = network("resnet18")
    trunk = nn.Sequential(*list(flat.children())[:-2])
    x = torch.randn(1, 3, 33, 40, 47)
    with torch.no_grad():
        shapes = {mode: napari_acs.convert(trunk, mode=mode)(x).shape for mode in MODES}
    assert set(shapes.values()) == {torch.Size([1, 512, 2, 2, 2])}


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_inflated_network_gives_the_2d_one_for_a_volume_constant_along_z(name):
    flat = network(name)
    trunk = nn.Sequential(*list(flat.children())[:-2]) if name == "resnet18" else flat.features
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            module.padding_mode = "replicate"  # so that the volume stays constant at its ends
    trunk = rebuilt(trunk).double()  # in float32 the order of sums shows, on one CPU or another
    plane = torch.randn(1, 3, 65, 70, dtype=torch.float64)
    solid = napari_acs.convert(trunk, mode="inflate")
    with torch.no_grad():
        expected, found = trunk(plane), solid(plane.unsqueeze(2).repeat_interleave(33, dim=2))
    assert found.shape[2] == 2
    for z in range(2):
        torch.testing.assert_close(found[:, :, z], expected)


def rebuilt(trunk):
    """Make the layers anew: a padding mode that was changed afterwards is half heeded."""
    for parent in list(trunk.modules()):
        for name, conv in list(parent.named_children()):
            if isinstance(conv, nn.Conv2d):
                new = nn.Conv2d(
                    conv.in_channels,
                    conv.out_channels,
                    conv.kernel_size,
                    conv.stride,
                    conv.padding,
                    conv.dilation,
                    conv.groups,
                    conv.bias is not None,
                    conv.padding_mode,
                )
                new.load_state_dict(conv.state_dict())
                setattr(parent, name, new)
    return trunk


def test_native_network_keeps_nothing_of_the_2d_weights_and_heeds_the_seed():
    flat = network("resnet18")
    seeded = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        seeded.append(napari_acs.convert(flat, mode="conv3d").layer1[0].conv1.weight)
    assert torch.equal(seeded[0], seeded[1])
    assert not torch.equal(seeded[0], seeded[2])
    torch.manual_seed(1)
    with torch.no_grad():
        for p in flat.parameters():
            p.fill_(1)
    blank = napari_acs.convert(flat, mode="conv3d")
    assert torch.equal(blank.layer1[0].conv1.weight, seeded[0])


def parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "mobilenet_v2", "densenet121", "vgg11"])
def test_parameters_of_every_mode(name, record_property):
    flat = network(name)
    trunk = flat.features if hasattr(flat, "features") else flat
    count = {mode: parameters(napari_acs.convert(trunk, mode=mode)) for mode in MODES}
    convs = [m for m in trunk.modules() if isinstance(m, nn.Conv2d)]
    # One axis more: a kernel of side k has k times the weights.
    more = sum(c.weight.numel() * (c.kernel_size[0] - 1) for c in convs)
    assert count["acs"] == parameters(trunk)
    assert count["soft"] == count["acs"] + 3 * sum(c.out_channels for c in convs)
    assert count["conv3d"] == count["inflate"] == count["mean"] == count["acs"] + more
    record_property("acs parameters", f"{name}: {count}")


@pytest.mark.parametrize("mode", ["soft", "inflate", "mean", "conv3d"])
def test_the_split_matters_to_acs_alone(mode):
    def forbidden(channels):
        raise AssertionError("asked for a split")

    assert napari_acs.convert(nn.Conv2d(3, 4, 3), mode=mode, split=forbidden) is not None


def test_what_a_mode_cannot_do_is_refused_by_name():
    flat = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3, dilation=(1, 2)))
    with pytest.raises(napari_acs.acs.UnsupportedModule, match=r"'1'.*dilation"):
        napari_acs.convert(flat, mode="mean")


def test_every_mode_has_its_layers():
    assert set(CONVOLUTIONS) == set(MODES)
    assert set(TRANSPOSED) >= {"inflate", "mean", "conv3d"}
