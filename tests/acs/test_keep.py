"""What users hang on a network stays on it when it is converted."""

import copy
import io
import pickle

import pytest
import torch
import torchvision
from acsconv.operators import ACSConv as PeerACSConv
from torch import nn
from torch.nn.utils import spectral_norm, weight_norm
from torch.nn.utils.parametrizations import spectral_norm as spectral_parametrization
from torch.nn.utils.parametrizations import weight_norm as weight_parametrization

from napari_acs.acs import ACSConv3d, UnsupportedModule, convert


def volume(*sides, channels=3):
    return torch.randn(1, channels, *(sides or (6, 7, 8)))


def test_modes_gradients_and_dtype():
    flat = torchvision.models.resnet18(weights=None).double().train()
    flat.layer1.requires_grad_(False)
    flat.layer2.eval()
    solid = convert(flat)
    assert solid.training
    assert not solid.layer2[0].bn1.training
    assert not solid.layer2[0].conv1.training
    assert solid.layer1[0].conv1.weight.dtype == torch.float64
    assert not solid.layer1[0].conv1.weight.requires_grad
    assert solid.layer3[0].conv1.weight.requires_grad


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "shufflenet_v2_x0_5"])
def test_the_meta_device(name):
    with torch.device("meta"):
        flat = torchvision.models.get_model(name, weights=None, num_classes=4)
    solid = convert(flat, in_channels=2).eval()
    assert all(p.is_meta for p in solid.parameters())
    out = solid(torch.zeros(1, 2, 64, 64, 64, device="meta"))
    assert out.is_meta
    assert out.shape == (1, 4)


def test_a_module_with_two_names_is_converted_once_and_stays_shared():
    conv = nn.Conv2d(3, 3, 3, padding=1)
    solid = convert(nn.Sequential(conv, nn.ReLU(), conv, nn.Sequential(conv)))
    assert isinstance(solid[0], ACSConv3d)
    assert solid[0] is solid[2] is solid[3][0]
    assert solid(volume()).shape == (1, 3, 6, 7, 8)
    tied = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3))
    tied[1].weight = tied[0].weight
    solid = convert(tied)
    assert solid[0].weight is solid[1].weight


class Log:
    def __init__(self):
        self.seen = []

    def __call__(self, name):
        def hook(*args):
            self.seen.append(name)

        return hook

    def __deepcopy__(self, memo):
        return self


def test_hooks_and_attributes_of_replaced_layers():
    log = Log()
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.MaxPool2d(2))
    for i, layer in enumerate(layers):
        layer.register_forward_pre_hook(log(f"before {i}"))
        layer.register_forward_hook(log(f"after {i}"))
        layer.register_full_backward_hook(log(f"backward {i}"))
        layer.register_load_state_dict_post_hook(log(f"loaded {i}"))
        layer.register_load_state_dict_pre_hook(log(f"loading {i}"))
        layer.register_state_dict_post_hook(log(f"saved {i}"))
        layer.name = f"layer {i}"
    layers[0].register_buffer("mask", torch.ones(2))
    solid = convert(layers)
    log.seen.clear()
    solid(volume().requires_grad_()).sum().backward()
    for i in range(3):
        assert solid[i].name == f"layer {i}"
        assert [s for s in log.seen if s[-1] == str(i)] == [f"{w} {i}" for w in STEPS]
    log.seen.clear()
    solid.load_state_dict(solid.state_dict())
    expected = [f"{what} {i}" for what in ("saved", "loading", "loaded") for i in range(3)]
    assert sorted(log.seen) == sorted(expected)
    assert "0.mask" in solid.state_dict()


STEPS = ("before", "after", "backward")


@pytest.mark.parametrize("root", [nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.ConvTranspose2d(3, 4, 2)])
def test_a_single_layer_converts(root):
    assert convert(root)(volume()).dim() == 5


class Named(nn.Conv2d):
    """A subclass without a forward of its own."""


class Standardised(nn.Conv2d):
    """A subclass whose own forward must not be dropped."""

    def forward(self, x):
        return self._conv_forward(x, self.weight - self.weight.mean(), self.bias)


class Padded(nn.Conv2d):
    def _conv_forward(self, x, weight, bias):
        return super()._conv_forward(x + 1, weight, bias)


def test_subclasses_convert_unless_they_compute_something_of_their_own():
    assert isinstance(convert(nn.Sequential(Named(3, 4, 3)))[0], ACSConv3d)
    for kind in (Standardised, Padded):
        with pytest.raises(UnsupportedModule, match=rf"'0' \({kind.__name__}\)"):
            convert(nn.Sequential(kind(3, 4, 3)))


@pytest.mark.parametrize("norm", [weight_parametrization, spectral_parametrization, spectral_norm])
def test_computed_weights_stay_computed(norm):
    conv = norm(nn.Conv2d(3, 6, 3, padding=1))
    flat = nn.Sequential(conv, nn.BatchNorm2d(6), norm(nn.Conv2d(6, 2, 1))).eval()
    solid = convert(flat)
    assert {k: v.shape for k, v in solid.state_dict().items()} == {
        k: v.shape for k, v in flat.state_dict().items()
    }
    solid.load_state_dict(flat.state_dict(), strict=True)
    axial = convert(flat, split=lambda c: (c, 0, 0))
    picture = torch.randn(1, 3, 6, 7)
    found = axial(picture.unsqueeze(2).repeat_interleave(5, dim=2))[:, :, 2]
    torch.testing.assert_close(found, flat(picture), rtol=1e-4, atol=1e-5)
    before = solid(volume(6, 6, 6))
    solid.train()(volume()).sum().backward()
    with torch.no_grad():
        for p in solid.parameters():
            assert p.grad is not None
            p.mul_(1.5)
    assert not torch.allclose(before, solid.eval()(volume(6, 6, 6)))


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_computed_weights_that_cannot_be_copied_are_refused():
    with pytest.raises(UnsupportedModule, match=r"'0' \(Conv2d\).*weight_norm"):
        convert(nn.Sequential(weight_norm(nn.Conv2d(3, 4, 3))))


def test_converted_networks_travel():
    flat = nn.Sequential(
        *(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.ConvTranspose2d(4, 8, 2, 2)),
        *(nn.PixelShuffle(2), nn.Upsample(scale_factor=2, mode="bicubic"), nn.AvgPool2d(2)),
        *(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(8, 2)),
    )
    solid = convert(flat).eval()
    x = volume()
    file = io.BytesIO()
    torch.save(solid, file)
    file.seek(0)
    for other in (
        copy.deepcopy(solid),
        pickle.loads(pickle.dumps(solid)),
        torch.load(file, weights_only=False),
        torch.export.export(solid, (x,)).module(),
        torch.jit.trace(solid, x),
    ):
        torch.testing.assert_close(other(x), solid(x), rtol=1e-4, atol=1e-5)


def test_layers_of_acsconv_become_ours():
    shared = PeerACSConv(6, 6, 3, padding=1)
    theirs = nn.Sequential(
        PeerACSConv(3, 6, 3, padding=1, acs_kernel_split=(1, 2, 3)),
        *(nn.BatchNorm3d(6), shared, shared, PeerACSConv(6, 4, 3, bias=False)),
    ).eval()
    theirs[0].weight.requires_grad_(False)
    ours = convert(theirs)
    assert ours[0].split == (1, 2, 3)
    assert not ours[0].weight.requires_grad
    assert ours[2] is ours[3]
    assert not any(isinstance(m, PeerACSConv) for m in ours.modules())
    x = volume(8, 9, 10)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)
    assert isinstance(convert(PeerACSConv(3, 4, 3)), ACSConv3d)


def test_layers_of_acsconv_with_unequal_sides_are_refused():
    odd = PeerACSConv(3, 6, 3, stride=(1, 2, 2))
    with pytest.raises(UnsupportedModule, match=r"stride=\(1, 2, 2\) differs between the axes"):
        convert(nn.Sequential(odd))


def test_a_converted_network_is_not_converted_again():
    with pytest.raises(UnsupportedModule, match=r"'0' \(ACSConv3d\)"):
        convert(convert(nn.Sequential(nn.Conv2d(3, 4, 3))))
