"""Whole torchvision networks, converted and run."""

import pytest
import torch
import torchvision
from torch import nn

import napari_acs
from napari_acs.acs import ACSConv3d, UnsupportedModule, adapt_input


def test_requires_grad_dtype_and_training_mode_are_kept():
    flat = torchvision.models.resnet18(weights=None).double().train()
    flat.layer1.requires_grad_(False)
    flat.layer2.eval()
    solid = napari_acs.convert(flat)
    assert solid.training
    assert not solid.layer2[0].bn1.training
    assert solid.layer1[0].conv1.weight.dtype == torch.float64
    assert not solid.layer1[0].conv1.weight.requires_grad
    assert solid.layer3[0].conv1.weight.requires_grad


def test_a_module_with_two_names_is_converted_once_and_stays_shared():
    conv = nn.Conv2d(3, 3, 3, padding=1)
    solid = napari_acs.convert(nn.Sequential(conv, nn.ReLU(), conv, nn.Sequential(conv)))
    assert isinstance(solid[0], ACSConv3d)
    assert solid[0] is solid[2] is solid[3][0]
    assert solid(torch.zeros(1, 3, 5, 6, 7)).shape == (1, 3, 5, 6, 7)


@pytest.mark.parametrize("channels", [1, 2, 4, 5])
def test_adapted_input_answers_grey_as_the_pretrained_layer_does(channels):
    conv = nn.Conv2d(3, 8, 3, padding=1)
    grey = torch.randn(1, 1, 9, 9)
    expected = conv(grey.expand(-1, 3, -1, -1))
    found = adapt_input(conv, channels)(grey.expand(-1, channels, -1, -1))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_in_channels_reaches_the_first_convolution():
    solid = napari_acs.convert(torchvision.models.resnet18(weights=None), in_channels=4)
    assert solid.conv1.weight.shape == (64, 4, 7, 7)


@pytest.mark.parametrize(
    ("module", "named"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.PixelUnshuffle(2)), "'1'"),
        (nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Unfold(2))), "'0.1'"),
        (torchvision.models.vit_b_16(weights=None), "encoder"),
        (nn.PixelUnshuffle(2), "the module itself"),
    ],
)
def test_what_cannot_be_converted_is_refused_by_name(module, named):
    with pytest.raises(UnsupportedModule, match=named):
        napari_acs.convert(module)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="mode"):
        napari_acs.convert(nn.Conv2d(3, 3, 3), mode="dense")
