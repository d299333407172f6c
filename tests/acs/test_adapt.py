"""Other numbers of input channels."""

import pytest
import torch
import torchvision
from torch import nn

from napari_acs.acs import UnsupportedModule, adapt_input, convert
from napari_acs.acs.adapt import first_convolution


@pytest.mark.parametrize("channels", [1, 2, 4, 5])
def test_adapted_input_answers_grey_as_the_pretrained_layer_does(channels):
    conv = nn.Conv2d(3, 8, 3, padding=1)
    grey = torch.randn(1, 1, 9, 9)
    expected = conv(grey.expand(-1, 3, -1, -1))
    found = adapt_input(conv, channels)(grey.expand(-1, channels, -1, -1))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_all_else_of_the_layer_is_kept():
    conv = nn.Conv2d(3, 8, (3, 5), (2, 1), "valid", 2, bias=False, padding_mode="reflect").double()
    conv.weight.requires_grad_(False)
    conv.eval().note = "mine"
    seen = []
    conv.register_forward_hook(lambda *_: seen.append(1))
    new = adapt_input(conv, 4)
    assert conv.weight.shape == (8, 3, 3, 5)
    assert new.weight.shape == (8, 4, 3, 5)
    assert not new.weight.requires_grad
    assert not new.training
    assert new.bias is None
    assert (new.note, new.padding_mode, new.dilation) == ("mine", "reflect", (2, 2))
    new(torch.zeros(1, 4, 20, 20).double())
    assert seen == [1]


def test_in_channels_reaches_the_first_convolution():
    flat = torchvision.models.resnet18(weights=None)
    solid = convert(flat, in_channels=4)
    assert solid.conv1.weight.shape == (64, 4, 7, 7)
    assert flat.conv1.weight.shape == (64, 3, 7, 7)


class LastNamedFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Conv2d(8, 2, 1)
        self.stem = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        return self.head(self.stem(self.norm(x)))


def test_the_first_convolution_is_the_one_that_runs_first():
    flat = LastNamedFirst()
    state = {k: v.clone() for k, v in flat.state_dict().items()}
    assert first_convolution(flat) == ("stem", flat.stem)
    assert flat.training
    assert flat.norm.training
    assert not flat.stem._forward_pre_hooks
    assert all(torch.equal(state[k], v) for k, v in flat.state_dict().items())
    flat.norm = nn.Identity()
    solid = convert(flat, in_channels=5)
    assert solid.stem.weight.shape == (8, 5, 3, 3)
    assert solid(torch.zeros(1, 5, 4, 5, 6)).shape == (1, 2, 2, 3, 4)


def test_a_root_convolution_and_a_shared_one_are_adapted():
    assert convert(nn.Conv2d(3, 4, 3), in_channels=2).weight.shape == (4, 2, 3, 3)
    conv = nn.Conv2d(3, 3, 3)
    flat = nn.Sequential(conv, nn.ModuleDict({"again": conv}))
    solid = convert(flat[:1], in_channels=2)
    assert solid[0].in_channels == 2


@pytest.mark.parametrize(
    ("flat", "channels", "why"),
    [
        (nn.Sequential(nn.Conv2d(4, 4, 3, groups=2)), 2, r"'0' \(Conv2d\): .*grouped"),
        (nn.Sequential(nn.Conv2d(4, 4, 3)), 0, r"in_channels=0"),
        (nn.Sequential(nn.ReLU()), 2, "no Conv2d"),
    ],
)
def test_what_cannot_be_adapted_is_refused(flat, channels, why):
    with pytest.raises(UnsupportedModule, match=why):
        convert(flat, in_channels=channels)


def test_a_network_that_renormalises_colours_is_refused():
    flat = torchvision.models.googlenet(
        weights=None, transform_input=True, init_weights=False, num_classes=2
    )
    with pytest.raises(UnsupportedModule, match="transform_input"):
        convert(flat, in_channels=4)
    flat.transform_input = False
    assert convert(flat, in_channels=4).conv1.conv.in_channels == 4
