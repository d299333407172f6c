import pytest
import torch

from napari_acs.training.losses import _SOFT_DICE, nested_loss, region_masks
from napari_acs.training.validation import dice_by_region


def test_regions_are_those_of_brats():
    masks = region_masks(torch.tensor([[[[0, 1, 2, 3]]]], dtype=torch.uint8))[0, :, 0, 0]
    assert masks.tolist() == [[0, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1]]


def test_soft_dice_is_over_the_whole_batch_with_a_smooth_fraction():
    p = torch.rand(2, 3, 5, 6, 7)
    t = (torch.rand(2, 3, 5, 6, 7) > 0.5).float()
    both, total = ((a.transpose(0, 1).flatten(1).sum(1)) for a in (p * t, p + t))
    torch.testing.assert_close(_SOFT_DICE(p, t), (1 - (2 * both + 20) / (total + 20)).mean())


def test_dice_counts_two_empty_masks_as_one_and_one_empty_mask_as_zero():
    truth = torch.zeros(1, 3, 4, 4, 4)
    found = torch.zeros(1, 3, 4, 4, 4)
    truth[:, 0, 0], found[:, 0, 0, :3] = 1, 1
    found[:, 1, 1, 1, 1] = 1
    expected = {"WT": pytest.approx(2 * 12 / 28), "TC": 0.0, "ET": 1.0}
    assert dice_by_region(found, truth) == expected
    assert dice_by_region(truth, found) == expected


def test_likelihood_is_that_of_the_labels_under_the_nested_model():
    labels = torch.randint(0, 4, (2, 3, 4, 5)).to(torch.uint8)
    logits = torch.randn(2, 3, 3, 4, 5)
    s = logits.sigmoid()
    outside, oedema = 1 - s[:, 0], s[:, 0] * (1 - s[:, 1])
    core, enhancing = s[:, 0] * s[:, 1] * (1 - s[:, 2]), s.prod(1)
    chance = torch.stack([outside, core, oedema, enhancing], 1)
    assert torch.allclose(chance.sum(1), torch.ones(2, 3, 4, 5))
    expected = -chance.gather(1, labels.long()[:, None]).log().mean()
    found = nested_loss(logits, labels) - _SOFT_DICE(s.cumprod(1), region_masks(labels))
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_a_right_answer_costs_nothing_and_a_wrong_one_much():
    labels = torch.randint(0, 4, (1, 8, 8, 8)).to(torch.uint8)
    right = (region_masks(labels) * 2 - 1) * 20
    assert float(nested_loss(right, labels)) < 1e-3
    assert float(nested_loss(-right, labels)) > 5
