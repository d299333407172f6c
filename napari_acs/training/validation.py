"""Dice on whole cases in model space: quick enough to steer a training run by."""

from __future__ import annotations

from collections.abc import Sequence

import torch
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
    return {case.name: _dice(network, case) for case in cases}


def mean_dice(scores: dict[str, dict[str, float]], regions: Sequence[str] = REGIONS) -> float:
    """Return the mean over cases and regions."""
    values = [score[region] for score in scores.values() for region in regions]
    return sum(values) / len(values) if values else 0.0


def summary(scores: dict[str, dict[str, float]]) -> str:
    """Return the mean of each region in one line."""
    return ", ".join(f"{region} {mean_dice(scores, (region,)):.3f}" for region in REGIONS)


def _dice(network: nn.Module, case: Case) -> dict[str, float]:
    device = next(network.parameters()).device
    images = case.images[None].float().contiguous(memory_format=torch.channels_last_3d)
    found = (nested_probabilities(network(images.to(device))) > 0.5).cpu()
    truth = region_masks(case.labels[None]) > 0.5
    return {
        region: _overlap(found[0, index], truth[0, index]) for index, region in enumerate(REGIONS)
    }


def _overlap(a: Tensor, b: Tensor) -> float:
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0
