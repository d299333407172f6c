"""Auxiliary heads teach the decoder and leave no trace in what ships."""

import pytest
import torch
from monai.losses import DeepSupervisionLoss
from torch import nn
from torch.nn import functional
from torch.nn.modules.loss import _Loss

from napari_acs.models.unet import ACSUNet
from napari_acs.training.deep_supervision import (
    DeeplySupervisedUNet,
    supervised_loss,
    without_heads,
)
from napari_acs.training.job import published_network, start_network
from napari_acs.training.loop import train
from napari_acs.training.losses import nested_loss
from napari_acs.training.segmentation import SegmentationTask

ARCHITECTURE = {"encoder": "squeezenet1_1", "decoder_channels": [8, 8, 8, 8], "stem_channels": 8}


@pytest.fixture
def network():
    torch.manual_seed(0)
    return DeeplySupervisedUNet(**ARCHITECTURE)


@pytest.mark.usefixtures("one_torch_thread")
def test_it_starts_as_the_plain_network_and_answers_alike(network):
    torch.manual_seed(0)
    plain = ACSUNet(**ARCHITECTURE)
    ours = without_heads(network.state_dict())
    assert ours.keys() == plain.state_dict().keys()
    assert all(torch.equal(ours[k], v) for k, v in plain.state_dict().items())
    x = torch.randn(1, 4, 24, 37, 21)
    with torch.no_grad():
        outputs = network.train()(x)
        assert torch.equal(outputs[0], plain.train()(x))
        assert torch.equal(network.eval()(x), plain.eval()(x))
    assert [o.shape for o in outputs] == [(1, 3, 24, 37, 21)] * 3
    assert not any(stage._forward_hooks for stage in network.decoder)


def test_every_head_and_every_stage_above_it_learns(network):
    x, labels = torch.randn(2, 4, 24, 24, 24), torch.randint(0, 4, (2, 24, 24, 24)).byte()
    outputs = network.train()(x)
    supervised_loss(outputs[1:], labels).backward()
    assert all(p.grad is not None and p.grad.any() for p in network.auxiliary.parameters())
    touched = [any(p.grad is not None for p in s.parameters()) for s in network.decoder]
    assert touched == [True, True, True, False], "the finest stage is the plain loss's alone"


class _Planted(nn.Module):
    """A decoder stage whose maps show a mark that lies at ``place`` of the padded patch."""

    def __init__(self, place, padded):
        super().__init__()
        self.mark = torch.zeros(1, 1, *padded)
        z, y, x = place
        self.mark[0, 0, z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3] = 1

    def forward(self, x):
        return functional.interpolate(self.mark, size=x.shape[2:], mode="area").expand(
            1, 8, -1, -1, -1
        )


@pytest.mark.parametrize("level", [1, 2])
def test_coarse_answers_lie_where_the_labels_do(network, level):
    shape, padded, place = (24, 37, 21), (32, 48, 32), (19, 30, 6)
    network.decoder[-1 - level] = _Planted(place, padded)
    nn.init.ones_(network.auxiliary[level - 1].weight)
    with torch.no_grad():
        answer = network.train()(torch.randn(1, 4, *shape))[level][0, 0]
    weight = (answer - answer.min()).clamp_min(0)
    where = torch.stack(torch.meshgrid(*map(torch.arange, shape), indexing="ij")).float()
    centre = (where * weight).sum((1, 2, 3)) / weight.sum()
    assert (centre - torch.tensor(place)).abs().max() < 1.0


def test_the_loss_is_monais_deep_supervision_of_ours():
    class Nested(_Loss):
        def forward(self, logits, labels):
            return nested_loss(logits, labels[:, 0])

    torch.manual_seed(1)
    outputs = [torch.randn(2, 3, 8, 8, 8) for _ in range(3)]
    labels = torch.randint(0, 4, (2, 8, 8, 8), dtype=torch.uint8)
    expected = DeepSupervisionLoss(Nested(), weight_mode="exp")(outputs, labels[:, None])
    torch.testing.assert_close(supervised_loss(outputs, labels), expected)
    assert torch.equal(supervised_loss(outputs[0], labels), nested_loss(outputs[0], labels))


@pytest.mark.usefixtures("one_torch_thread")
def test_a_supervised_run_resumes_and_ships_the_plain_network(recipe, cases, tmp_path):
    plan = recipe.model_copy(update={"deep_supervision": True, "validate_every": 2, "steps": 4})
    network = start_network(plan, None, pretrained=False)
    heads = [p.detach().clone() for p in network.auxiliary.parameters()]
    count = iter(range(10))
    task = SegmentationTask(plan, cases)
    list(train(plan, task, network, tmp_path, stop=lambda: next(count) == 1))
    network = start_network(plan, None, pretrained=False)
    steps = list(train(plan, task, network, tmp_path))
    assert [s.step for s in steps] == [3, 4]
    assert any(not torch.equal(a, b) for a, b in zip(heads, network.auxiliary.parameters()))  # noqa: B905
    for publish in ("last", "best"):
        shipped = published_network(plan.model_copy(update={"publish": publish}), tmp_path)
        assert type(shipped) is ACSUNet
        assert not any("auxiliary" in name for name in shipped.state_dict())
