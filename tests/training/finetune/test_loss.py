"""Whatever a network's output means, its loss is smallest where that says what the labels say."""

import pytest
import torch
from monai.losses import DiceLoss

from napari_acs.errors import BadInput
from napari_acs.models.imports.regions import output_of
from napari_acs.models.networks import region_probabilities
from napari_acs.models.spec import GLIOMA_OUTPUT, OutputSpec
from napari_acs.training.finetune.loss import loss_for
from napari_acs.training.losses import nested_loss, region_masks


def _sets(*names):
    return [frozenset(name.split()) for name in names]


SOFTMAX = output_of(_sets("ET", "", "NCR", "ED"), "softmax", "a test")
SIGMOID = output_of(_sets("NCR ET", "NCR ED ET", "ET"), "sigmoid", "a test")
OUTPUTS = {
    "nested": GLIOMA_OUTPUT,
    "softmax": OutputSpec.model_validate(SOFTMAX),
    "sigmoid": OutputSpec.model_validate(SIGMOID),
}


@pytest.fixture
def labels():
    torch.manual_seed(0)
    return torch.randint(0, 4, (2, 6, 7, 8)).to(torch.uint8)


@pytest.mark.parametrize("kind", OUTPUTS)
def test_going_down_the_loss_ends_at_the_masks_that_prediction_reads(kind, labels):
    output = OUTPUTS[kind]
    loss = loss_for(output)
    logits = torch.zeros(2, output.channel_count, 6, 7, 8, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.5)
    for _ in range(60):
        optimiser.zero_grad()
        loss(logits, labels).backward()
        optimiser.step()
    found = region_probabilities(logits.detach(), output) > 0.5
    assert torch.equal(found, region_masks(labels) > 0.5)


def test_nested_is_the_loss_of_training(labels):
    logits = torch.randn(2, 3, 6, 7, 8)
    assert torch.equal(loss_for(GLIOMA_OUTPUT)(logits, labels), nested_loss(logits, labels))


def test_softmax_is_cross_entropy_of_the_classes_and_dice_of_the_tumours(labels):
    logits = torch.randn(2, 4, 6, 7, 8)
    classes = torch.tensor([1, 2, 3, 0])[labels.long()]  # where ET, background, NCR, ED stand
    shares = logits.softmax(1)[:, [2, 3, 0]]
    truth = torch.stack([labels == value for value in (1, 2, 3)], 1).float()
    expected = torch.nn.functional.cross_entropy(logits, classes) + DiceLoss(batch=True)(
        shares, truth
    )
    torch.testing.assert_close(loss_for(OUTPUTS["softmax"])(logits, labels), expected)


def test_a_softmax_of_other_classes_is_refused():
    three = GLIOMA_OUTPUT.model_dump()
    for region, channels in zip(three["regions"], ((1, 2), (1, 2), (2,)), strict=True):
        region["channels"] = channels
    output = OutputSpec.model_validate(three | {"activation": "softmax", "channels": 3})
    with pytest.raises(BadInput, match="softmax over 3 classes"):
        loss_for(output)
