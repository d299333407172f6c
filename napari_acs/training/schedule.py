"""The optimiser and its learning rate."""

from __future__ import annotations

import torch
from torch import nn

from napari_acs.training.recipe import RunPlan

_LEAST = 0.01
_ENCODER = "encoder."


def make_optimiser(plan: RunPlan, network: nn.Module) -> torch.optim.Optimizer:
    """Return AdamW (Loshchilov 2019) over what is not frozen; the encoder learns more slowly."""
    learning = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for n, p in learning if n.startswith(_ENCODER)], "share": plan.encoder_rate},
        {"params": [p for n, p in learning if not n.startswith(_ENCODER)], "share": 1.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, weight_decay=plan.weight_decay)


def learning_rate(plan: RunPlan, step: int) -> float:
    """Warm up over ``warm_up_steps``, hold, fall linearly to 1 % over the last ``decay_steps``."""
    warm = min(1.0, (step + 1) / plan.warm_up_steps) if plan.warm_up_steps else 1.0
    left = plan.steps - step
    fall = min(1.0, left / plan.decay_steps) if plan.decay_steps else 1.0
    return plan.learning_rate * warm * max(fall, _LEAST)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of the rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]
