"""A tumour without contrast agent: T1 shows through in T1ce, the core stays, the rest too."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training.conftest import blob

from napari_acs.training.enhancement import take_enhancement_away
from napari_acs.training.losses import region_masks
from napari_acs.training.recipe import Augmentation
from napari_acs.training.segmentation import SegmentationTask

SEQUENCES = ("t1", "t1ce", "t2", "flair")
SHAPE = (20, 24, 22)


def _patch(seed):
    case = blob(seed, SHAPE)
    images, labels = case.images.float(), case.labels.clone()
    images[:, : 3 + seed % 4] = 0
    labels[~(images != 0).any(0)] = 0
    return images, labels


def _rng(seed):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 500), st.integers(0, 10_000))
def test_only_t1ce_near_the_enhancing_part_changes_and_the_outer_regions_stay(seed, draw):
    images, labels = _patch(seed)
    before = images.clone(), labels.clone()
    changed, truth = take_enhancement_away(images, labels, SEQUENCES, 1.0, _rng(draw))
    assert torch.equal(images, before[0]), "an argument was changed"
    assert torch.equal(labels, before[1]), "an argument was changed"
    assert torch.equal(changed[[0, 2, 3]], images[[0, 2, 3]])
    assert torch.equal(changed != 0, images != 0), "the background changed"
    old, new = region_masks(labels[None])[0], region_masks(truth[None])[0]
    assert torch.equal(old[:2], new[:2]), "WT or TC changed"
    assert (new[2] <= old[2]).all()
    lost = (labels == 3) & (truth != 3)
    assert (truth[lost] == 1).all()
    assert not (changed[1] != images[1])[truth == 3].any(), "what still enhances looks otherwise"
    far = torch.nn.functional.max_pool3d(lost[None].float(), 7, stride=1, padding=3)[0] == 0
    assert torch.equal(changed[1][far], images[1][far])


def test_the_enhancing_part_looks_as_t1_does_at_the_brightness_of_t1ce():
    rng = _rng(0)
    plain = torch.randn(SHAPE, generator=rng)
    labels = torch.zeros(SHAPE, dtype=torch.uint8)
    labels[5:15, 5:15, 5:15] = 1
    labels[8:12, 8:12, 8:12] = 3
    enhanced = 0.8 * plain + 0.5
    enhanced[labels == 3] = 4.0
    images = torch.stack([plain, enhanced, plain, plain])
    whole = 0
    for seed in range(20):
        changed, truth = take_enhancement_away(images, labels, SEQUENCES, 1.0, _rng(seed))
        gone = (labels == 3) & (truth == 1)
        torch.testing.assert_close(
            changed[1][gone], (0.8 * plain + 0.5)[gone], atol=1e-4, rtol=1e-4
        )
        whole += not (truth == 3).any()
    assert whole > 0


def test_a_small_part_may_stay():
    images, labels = _patch(1)
    labels[labels == 0] = torch.where(images[0] != 0, 3, 0).to(torch.uint8)[labels == 0]
    labels[10:, :, :] = 0
    kept = [
        int((take_enhancement_away(images, labels, SEQUENCES, 1.0, _rng(seed))[1] == 3).sum())
        for seed in range(30)
    ]
    assert min(kept) == 0
    assert 0 < max(kept) < int((labels == 3).sum())


@pytest.mark.parametrize("missing", [0, 1])
def test_without_t1_or_t1ce_nothing_is_made_up(missing):
    images, labels = _patch(3)
    images[missing] = 0
    changed, truth = take_enhancement_away(images, labels, SEQUENCES, 1.0, _rng(0))
    assert torch.equal(changed, images)
    assert torch.equal(truth, labels)
    changed, truth = take_enhancement_away(images[2:], labels, SEQUENCES[2:], 1.0, _rng(0))
    assert torch.equal(truth, labels)


def test_a_recipe_without_it_draws_the_batches_it_drew_and_with_it_fewer_enhance(recipe, cases):
    plain = Augmentation(unenhanced=0.0)
    rng = _rng(7)
    state = rng.get_state()
    images, labels = _patch(1)
    take_enhancement_away(images, labels, SEQUENCES, plain.unenhanced, rng)
    assert torch.equal(rng.get_state(), state), "batches of existing recipes would change"
    less = recipe.model_copy(update={"augmentation": Augmentation(unenhanced=1.0)})
    before, after = (
        sum(int((SegmentationTask(r, cases).draw(step)[1] == 3).sum()) for step in range(8))
        for r in (recipe, less)
    )
    assert after < before / 2
