"""The loss for nested regions: the exact likelihood of the labels, and soft Dice."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from monai.losses.dice import DiceLoss
from torch import Tensor

from napari_acs.models.networks import nested_probabilities

REGION_LABELS: tuple[tuple[int, ...], ...] = ((1, 2, 3), (1, 3), (3,))
"""Labels (1 NCR, 2 ED, 3 ET) inside WT, TC and ET."""


_SOFT_DICE = DiceLoss(batch=True, smooth_nr=20.0, smooth_dr=20.0)


def region_masks(labels: Tensor) -> Tensor:
    """Turn labels (n, z, y, x) into nested region masks (n, 3, z, y, x), float32."""
    masks = [
        torch.isin(labels, torch.tensor(values, dtype=labels.dtype, device=labels.device))
        for values in REGION_LABELS
    ]
    return torch.stack(masks, dim=1).float()


def nested_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the training loss.

    The logits are conditional (see :func:`nested_probabilities`), so the likelihood of a label
    factors: each logit is judged only inside the next outer region. Soft Dice (Milletari 2016),
    over the whole batch and per region, is added to balance small regions against the background.

    Parameters
    ----------
    logits : Tensor, shape (n, 3, z, y, x)
    labels : Tensor of uint8, shape (n, z, y, x)

    Returns
    -------
    Tensor
        Scalar, float32.
    """
    logits = logits.float()
    truth = region_masks(labels)
    inside = torch.cat([torch.ones_like(truth[:, :1]), truth[:, :-1]], dim=1)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * inside
    likelihood = entropy.sum() / truth[:, 0].numel()
    overlap: Tensor = _SOFT_DICE(nested_probabilities(logits), truth)
    return likelihood + overlap
