"""Train a classifier on a part of the pool; a killed run goes on from its last checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from napari_acs.training.sequences.pool import CLASSES, Pool

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Plan:
    """How long and how fast.

    Attributes
    ----------
    steps, batch, rate : int, int, float
        Of AdamW, with a linear start and a cosine end.
    seed : int
    smoothing : float
        Of labels.
    checkpoint_every : int
        Steps.
    """

    steps: int = 60
    batch: int = 10
    rate: float = 3e-5
    seed: int = 0
    smoothing: float = 0.03
    checkpoint_every: int = 20


def fit(
    network: nn.Module, pool: Pool, chosen: NDArray[np.int64], plan: Plan, checkpoint: Path
) -> Iterator[tuple[int, float]]:
    """Train a network in place; it ends as the moving average of its weights.

    Parameters
    ----------
    network : nn.Module
        (n, 1, z, y, x) to logits.
    pool : Pool
    chosen : ndarray of int
        Indices of the pool that may be seen.
    plan : Plan
    checkpoint : Path
        Written every so many steps, and read when it is there. What is drawn depends on the step
        alone, so that a run that was killed ends as one that was not.

    Yields
    ------
    (int, float)
        Step and loss.
    """
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=1e-2)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.95))
    start = 0
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        start = state["step"]
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
    by_class = [chosen[pool.classes[chosen] == c] for c in range(len(CLASSES))]
    network.train()
    for step in range(start, plan.steps):
        rng = np.random.default_rng((plan.seed, step))
        torch.manual_seed(plan.seed * 100_003 + step)  # dropout
        classes = rng.integers(len(CLASSES), size=plan.batch)
        picked = [int(rng.choice(by_class[c])) for c in classes]
        x = torch.stack([varied(rng, torch.from_numpy(pool.boxes[i]).float()) for i in picked])
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * _share(step, plan.steps)
        loss = functional.cross_entropy(
            network(x[:, None]), torch.from_numpy(classes), label_smoothing=plan.smoothing
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(network)
        if (step + 1) % plan.checkpoint_every == 0 or step + 1 == plan.steps:
            _keep(checkpoint, step + 1, network, average, optimiser)
        yield step + 1, float(loss.detach())
    network.load_state_dict(average.module.state_dict())
    network.eval()


@torch.no_grad()
def logits_of(
    network: nn.Module, boxes: NDArray[np.float16], batch: int = 10
) -> NDArray[np.float64]:
    """Return a network's logits (n, classes) for boxes (n, z, y, x)."""
    network.eval()
    parts = [
        network(torch.from_numpy(boxes[i : i + batch]).float()[:, None])
        for i in range(0, len(boxes), batch)
    ]
    return torch.cat(parts).double().numpy()


def varied(rng: np.random.Generator, box: Tensor) -> Tensor:
    """Vary a box (z, y, x) a little: mirrored, shifted, other greys, a part left out."""
    if rng.random() < 0.5:
        box = box.flip(2)
    shifts = tuple(int(n) for n in rng.integers(-3, 4, 3))
    box = torch.roll(box, shifts, (0, 1, 2))
    box = box.sign() * box.abs() ** float(np.exp(rng.normal(0, 0.1)))
    box = box * float(np.exp(rng.normal(0, 0.15)))
    if rng.random() < 0.3:
        low = [int(rng.integers(0, n - 12)) for n in box.shape]
        size = [int(rng.integers(8, 24)) for _ in range(3)]
        z, y, x = (slice(a, a + n) for a, n in zip(low, size, strict=True))
        box[z, y, x] = 0
    return box


def _share(step: int, steps: int) -> float:
    start = min(1.0, (step + 1) / 10)
    return start * (0.02 + 0.98 * (1 + math.cos(math.pi * step / steps)) / 2)


def _keep(
    file: Path,
    step: int,
    network: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> None:
    part = file.with_suffix(".part")
    states = {"network": network.state_dict(), "average": average.state_dict()}
    torch.save({"step": step, **states, "optimiser": optimiser.state_dict()}, part)
    part.replace(file)
