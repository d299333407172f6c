"""Dice on whole cases in model space: quick enough to steer a training run by."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.metrics.meandice import compute_dice
from torch import Tensor, nn

from napari_acs.models.networks import nested_probabilities
from napari_acs.training.cases import Case
from napari_acs.training.losses import region_masks

REGIONS = ("WT", "TC", "ET")


@torch.inference_mode()
def validate(network: nn.Module, cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    """Return Dice by case and region, at a threshold of 0.5, each case in one piece.

    This is the run's compass, in model space; the figures of a model card come from
    ``napari-acs evaluate``, on the studies' own grids. Both masks empty counts 1, one empty 0.
    """
    return {
        case.name: dice_by_region(find_regions(network, case), region_masks(case.labels[None]))
        for case in cases
    }


def find_regions(network: nn.Module, case: Case) -> Tensor:
    """Return what the network marks in a case: (1, 3, z, y, x) of float32 0 and 1, on the CPU."""
    device = next(network.parameters()).device
    images = case.images[None].float().contiguous(memory_format=torch.channels_last_3d)
    with torch.inference_mode():
        found = (nested_probabilities(network(images.to(device))) > 0.5).float().cpu()
    # As at prediction, nothing is found where nothing is seen.
    return found * (case.images != 0).any(dim=0)


def dice_by_region(found: Tensor, truth: Tensor) -> dict[str, float]:
    """Return the Dice of the masks (1, 3, z, y, x) of WT, TC and ET."""
    scores = compute_dice(found, truth, ignore_empty=False)[0]
    return {region: float(score) for region, score in zip(REGIONS, scores, strict=True)}


def mean_dice(scores: dict[str, dict[str, float]], regions: Sequence[str] = REGIONS) -> float:
    """Return the mean over cases and regions."""
    values = [score[region] for score in scores.values() for region in regions]
    return sum(values) / len(values) if values else 0.0
