import pytest
import torch
from models.test_bundle import SPEC
from torch import nn

from napari_acs.errors import BadInput
from napari_acs.models.networks import InLpsOrder, build_network, region_probabilities
from napari_acs.models.spec import GLIOMA_OUTPUT, BundleSpec, OutputSpec

WEIGHTS = {"sha256": "0" * 64, "size_bytes": 1}


class Corner(nn.Module):
    """Gives back what it got, and remembers it."""

    def forward(self, x):
        self.seen = x
        return x


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("flip", [False, True])
def test_a_network_of_other_axes_sees_them_and_gives_lps_back(transpose, flip):
    x = torch.zeros(1, 1, 3, 4, 5)
    x[0, 0, 0, 1, 1] = 1  # z 0, y 1, x 1 in LPS: x 3, y 2 in RAS
    network = Corner()
    assert torch.equal(InLpsOrder(network, transpose=transpose, flip=flip)(x), x)
    zyx = (0, 2, 3) if flip else (0, 1, 1)
    assert network.seen[0, 0][zyx[::-1] if transpose else zyx] == 1


def test_classes_that_exclude_each_other_add_up_to_nested_regions():
    fields = GLIOMA_OUTPUT.model_dump() | {"activation": "softmax", "channels": 4}
    for region, channels in zip(fields["regions"], [(1, 2, 3), (1, 3), (3,)], strict=True):
        region["channels"] = channels
    logits = torch.randn(1, 4, 2, 3, 4)
    background, ncr, ed, et = logits.softmax(1)[0]
    got = region_probabilities(logits, OutputSpec.model_validate(fields))[0]
    torch.testing.assert_close(got, torch.stack([1 - background, ncr + et, et]))
    assert ed.shape == got.shape[1:]


def test_regions_scored_each_on_its_own_come_out_nested_and_in_our_order():
    fields = GLIOMA_OUTPUT.model_dump() | {"activation": "sigmoid", "channels": 3}
    for region, channel in zip(fields["regions"], (1, 0, 2), strict=True):  # MONAI: TC, WT, ET
        region["channels"] = (channel,)
    logits = torch.tensor([2.0, 1.0, 3.0]).reshape(1, 3, 1, 1, 1)
    got = region_probabilities(logits, OutputSpec.model_validate(fields)).flatten()
    torch.testing.assert_close(got, torch.full((3,), 1.0).sigmoid())  # none beyond WT


@pytest.mark.parametrize(
    "change",
    [
        {"activation": "sigmoid", "channels": 3},
        {"activation": "softmax", "channels": 0},
        {"channels": 10**9},
    ],
)
def test_outputs_that_do_not_add_up_are_refused(change):
    with pytest.raises(ValueError, match="channels"):
        OutputSpec.model_validate(GLIOMA_OUTPUT.model_dump() | change)


def test_an_architecture_of_a_later_version_is_refused_by_name():
    spec = {**SPEC, "architecture": {"name": "later"}, "weights": WEIGHTS}
    with pytest.raises(BadInput, match=r"later.*acs-unet"):
        build_network(BundleSpec.model_validate(spec))
