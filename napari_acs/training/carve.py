"""Tumours carved out of one case and pasted into a patch of another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from napari_acs.training.cases import Case
from napari_acs.training.recipe import Augmentation
from napari_acs.training.spatial import draw_patch

ENOUGH = 64
"""Healthy voxels that a mean and a spread are taken from, at least."""


def carve_tumour(
    images: Tensor,
    labels: Tensor,
    donors: Sequence[Case],
    augmentation: Augmentation,
    rng: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Paste another case's tumour into a patch, with the probability ``augmentation.carve``.

    The donor's patch is turned, scaled and bent on its own, so its tumour comes in another shape
    and place than in its own brain (TumorCP, Yang et al. 2021).

    Parameters
    ----------
    images : Tensor of float32, shape (c, z, y, x)
        The patch; 0 is background.
    labels : Tensor of uint8, shape (z, y, x)
    donors : sequence of Case
        One of them gives its tumour.
    augmentation : Augmentation
    rng : torch.Generator
        Source of all randomness; untouched where ``carve`` is 0.

    Returns
    -------
    images, labels : Tensor
        As given where nothing was pasted, new tensors otherwise; see :func:`paste_tumour`.
    """
    if augmentation.carve <= 0 or not donors:
        return images, labels
    if float(torch.rand(1, generator=rng)) >= augmentation.carve:
        return images, labels
    donor = donors[int(torch.randint(len(donors), (1,), generator=rng))]
    z, y, x = labels.shape
    donor_images, donor_labels = draw_patch(donor, (z, y, x), 1.0, augmentation, rng)
    return paste_tumour(images, labels, donor_images, donor_labels, rng)


def paste_tumour(
    images: Tensor,
    labels: Tensor,
    donor_images: Tensor,
    donor_labels: Tensor,
    rng: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Replace a region of a patch by the donor's tumour there, in images and labels alike.

    The region is all that lies less than a random margin beyond the tumour's border, or more than
    one inside it (CarveMix, Zhang et al. 2021). It never leaves the brain of either patch: where a
    sequence is 0 it stays 0. The donor's healthy tissue is brought to the mean and spread of
    the patch's own, sequence by sequence; a z-score over the brain leaves them apart, as it
    includes the tumours.

    Parameters
    ----------
    images, donor_images : Tensor of float32, shape (c, z, y, x)
    labels, donor_labels : Tensor of uint8, shape (z, y, x)
    rng : torch.Generator
        Source of the margin.

    Returns
    -------
    images : Tensor of float32, shape (c, z, y, x)
    labels : Tensor of uint8, shape (z, y, x)
        As given if the donor's patch has no tumour in the brain, or lacks a sequence that the
        patch has.
    """
    tumour = donor_labels > 0
    if not tumour.any() or tumour.all():
        return images, labels
    distance = signed_distance(tumour)
    region = distance <= draw_margin(-float(distance.min()), rng)
    present = images.flatten(1).any(dim=1)
    region &= (donor_images[present] != 0).all(dim=0) & (images != 0).any(dim=0)
    if not tumour[region].any():
        return images, labels
    matched = _matched(donor_images, donor_labels, images, labels)
    pasted = torch.where(region & (images != 0), matched, images)
    return pasted, torch.where(region, donor_labels, labels)


def signed_distance(mask: Tensor) -> Tensor:
    """Return the Euclidean distance to a mask's border, in voxels, negative inside.

    Parameters
    ----------
    mask : Tensor of bool, shape (z, y, x)
        Neither empty nor full.

    Returns
    -------
    Tensor of float32, shape (z, y, x)
    """
    # Not at the top: without carving, training runs where SciPy is not installed.
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415

    inside, outside = (distance_transform_edt(m.numpy()) for m in (mask, ~mask))
    return torch.from_numpy(outside - inside).float()


def draw_margin(depth: float, rng: torch.Generator) -> float:
    """Draw CarveMix's margin: from half the tumour's depth inside to all of it beyond the border.

    Inside and beyond are equally likely, and uniform each.
    """
    side, share = torch.rand(2, generator=rng).tolist()
    margin: float = -0.5 * depth * share if side < 0.5 else depth * share
    return margin


def _matched(donor: Tensor, donor_labels: Tensor, own: Tensor, own_labels: Tensor) -> Tensor:
    """Bring each sequence's healthy tissue, where it was imaged, to the patch's own."""
    matched = []
    for theirs, ours in zip(donor, own, strict=True):
        source, target = (
            x[(x != 0) & (labels == 0)]
            for x, labels in ((theirs, donor_labels), (ours, own_labels))
        )
        if min(len(source), len(target)) < ENOUGH:
            matched.append(theirs)
            continue
        gain = (target.std() / source.std().clamp_min(1e-3)).clamp(0.5, 2.0)
        matched.append((theirs - source.mean()) * gain + target.mean())
    return torch.stack(matched)
