"""A carved tumour comes with its labels, stays in the brain, and is drawn again from its seed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label as components
from training.conftest import blob

from napari_acs.training.carve import carve_tumour, draw_margin, paste_tumour, signed_distance
from napari_acs.training.losses import region_masks
from napari_acs.training.recipe import Augmentation
from napari_acs.training.segmentation import SegmentationTask

SHAPE = (20, 24, 22)


def _patch(seed, missing=()):
    """Air on two sides, a cut field of view in one sequence, some sequences missing."""
    case = blob(seed, SHAPE)
    images, labels = case.images.float(), case.labels.clone()
    images[:, : 3 + seed % 4] = 0
    images[:, :, :, 18:] = 0
    images[1, :, :4] = 0
    images[list(missing)] = 0
    labels[~(images != 0).any(0)] = 0
    return images, labels


def _rng(seed):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(0, 500),
    st.integers(501, 1000),
    st.sets(st.integers(0, 3), max_size=2),
    st.integers(0, 10_000),
)
def test_every_voxel_is_the_patchs_own_or_the_donors_and_none_leaves_the_brain(
    own, other, missing, seed
):
    images, labels = _patch(own, missing)
    donor_images, donor_labels = _patch(other)
    kept = [x.clone() for x in (images, labels, donor_images, donor_labels)]
    pasted, truth = paste_tumour(images, labels, donor_images, donor_labels, _rng(seed))
    for given_, before in zip((images, labels, donor_images, donor_labels), kept, strict=True):
        assert torch.equal(given_, before), "an argument was changed"

    assert torch.equal(pasted != 0, images != 0), "the background, or a missing sequence, changed"
    region = (pasted != images).any(dim=0)
    assert not region[~(images != 0).any(dim=0)].any()
    assert torch.equal(truth[region], donor_labels[region])
    assert torch.equal(truth[~region], labels[~region])
    assert truth.dtype == torch.uint8
    assert (truth <= 3).all()
    masks = region_masks(truth[None])[0]
    assert (masks.diff(dim=0) <= 0).all()
    again, labels_again = paste_tumour(images, labels, donor_images, donor_labels, _rng(seed))
    assert torch.equal(again, pasted)
    assert torch.equal(labels_again, truth)


def test_the_region_ends_at_one_distance_from_the_tumours_border():
    donor_images, donor_labels = (x.clone() for x in _patch(1))
    donor_images[:] = torch.where(donor_images == 0, 0.5, donor_images)
    inside = beyond = 0
    for seed in range(30):
        images = torch.randn((4, *SHAPE), generator=_rng(100 + seed))
        blank = torch.zeros(SHAPE, dtype=torch.uint8)
        pasted, _ = paste_tumour(images, blank, donor_images, donor_labels, _rng(seed))
        region = (pasted != images).any(dim=0)
        distance = signed_distance(donor_labels > 0)
        assert distance[region].max() < distance[~region].min()
        assert components(region.numpy(), return_num=True)[1] == 1
        inside += bool(distance[region].max() < 0)
        beyond += bool(distance[region].max() > 0)
    assert inside > 5
    assert beyond > 5


@given(st.floats(0.5, 30), st.integers(0, 10_000))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_margin_stays_within_half_the_depth_inside_and_all_of_it_outside(depth, seed):
    assert -depth / 2 <= draw_margin(depth, _rng(seed)) <= depth


def test_healthy_tissue_of_the_donor_arrives_at_the_patchs_own_mean_and_spread():
    (images, labels), (donor_images, donor_labels) = _patch(3), _patch(4)
    shifted = torch.where(donor_images != 0, donor_images * 1.6 + 0.7, donor_images)
    a, _ = paste_tumour(images, labels, donor_images, donor_labels, _rng(5))
    b, _ = paste_tumour(images, labels, shifted, donor_labels, _rng(5))
    assert not torch.equal(a, images)
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_what_cannot_be_pasted_leaves_the_patch_as_it_is():
    images, labels = _patch(1)
    donor_images, donor_labels = _patch(2)
    lacking, _ = _patch(2, missing=(0,))
    nowhere = torch.zeros_like(images)
    for arguments in (
        (images, labels, donor_images, torch.zeros_like(donor_labels)),
        (images, labels, lacking, donor_labels),
        (nowhere, torch.zeros_like(labels), donor_images, donor_labels),
    ):
        pasted, truth = paste_tumour(*arguments, _rng(0))
        assert pasted is arguments[0]
        assert truth is arguments[1]


def test_without_carving_no_randomness_is_used(cases):
    images, labels = _patch(1)
    rng = _rng(7)
    state = rng.get_state()
    carve_tumour(images, labels, cases, Augmentation(), rng)
    assert torch.equal(rng.get_state(), state), "batches of existing recipes would change"


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_patches_are_carved_as_often_as_the_recipe_says(cases, share):
    images = torch.ones(4, 16, 16, 16)
    blank = torch.zeros(16, 16, 16, dtype=torch.uint8)
    augmentation, rng = Augmentation(carve=share), _rng(0)
    found = [carve_tumour(images, blank, cases, augmentation, rng)[1].any() for _ in range(120)]
    assert abs(np.mean(found) - share) < 0.1


def test_batches_of_real_cases_are_carved_and_drawn_again_from_their_step(recipe, cases):
    plan = recipe.model_copy(update={"augmentation": Augmentation(carve=1.0), "batch": 3})
    plain = recipe.model_copy(update={"batch": 3})
    images, labels = SegmentationTask(plan, cases).draw(5)
    again, labels_again = SegmentationTask(plan, cases).draw(5)
    assert torch.equal(images, again)
    assert torch.equal(labels, labels_again)
    assert not torch.equal(labels, SegmentationTask(plain, cases).draw(5)[1])
    # A case is no donor to itself.
    alone = {"exclude": tuple(c.name for c in cases[2:])}
    carved, plain = (
        SegmentationTask(r.model_copy(update=alone), cases).draw(5)[0] for r in (plan, plain)
    )
    assert torch.equal(carved, plain)
