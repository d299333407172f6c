"""What convert refuses, whatever the network."""

import pytest
import torchvision
from torch import nn

import napari_acs
from napari_acs.acs import UnsupportedModule


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
