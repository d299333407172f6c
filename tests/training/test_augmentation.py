import torch

from napari_acs.training.intensity import change_intensities
from napari_acs.training.recipe import Augmentation
from napari_acs.training.spatial import draw_patch

STILL = Augmentation(rotation_degrees=0, scale=(1, 1), elastic_mm=0, drop_sequences=0, intensity=0)


def _rng(seed):
    return torch.Generator().manual_seed(seed)


def test_images_and_labels_move_together(cases):
    case = cases[0]
    tagged = case.images.clone()
    tagged[0] = (case.labels == 2).half()
    moved = type(case)(case.name, tagged, case.labels, case.spacing_mm)
    for seed in range(5):
        images, labels = draw_patch(moved, (24, 24, 24), 1.0, Augmentation(), _rng(seed))
        assert labels.any()
        found, expected = images[0] > 0.5, labels == 2
        both = (found & expected).sum() * 2 / (found.sum() + expected.sum())
        assert both > 0.9, "labels were not moved as the images were"


def test_a_patch_is_drawn_again_from_its_seed_and_differs_from_the_next(cases):
    first, again, other = (
        draw_patch(cases[0], (24, 24, 24), 0.5, Augmentation(), _rng(s))[0] for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_sides_are_mirrored_half_of_the_time_and_nothing_else_is(cases):
    case = cases[0]
    ramp = torch.stack(
        torch.meshgrid(*[torch.arange(float(n)) for n in case.labels.shape], indexing="ij")
    )
    moved = type(case)("ramp", torch.cat([ramp, ramp[:1]]).half(), case.labels, 2.0)
    signs = []
    for seed in range(40):
        images, _ = draw_patch(moved, (8, 8, 8), 1.0, STILL, _rng(seed))
        z, y, x = (images[i].diff(dim=i).mean().sign().item() for i in range(3))
        assert (z, y) == (1, 1)
        signs.append(x)
    assert 8 < signs.count(-1) < 32


def test_background_stays_zero_and_some_sequence_always_stays(cases):
    images = cases[0].images.float()
    images[:, :5] = 0
    images[2] = 0  # missing from the start
    for seed in range(40):
        out = change_intensities(images, Augmentation(drop_sequences=1), _rng(seed))
        assert (out[:, :5] == 0).all()
        assert (out[2] == 0).all()
        assert out.flatten(1).any(1).any()
        assert out.isfinite().all()


def test_without_dropping_every_sequence_stays_and_is_changed(cases):
    images = cases[0].images.float()
    kept = change_intensities(images, Augmentation(drop_sequences=0), _rng(3))
    assert all(c.any() for c in kept)
    assert not torch.equal(kept, images)
