"""Train the late stages of a classifier; a killed run goes on from its last checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Plan:
    """How long and how fast.

    Attributes
    ----------
    steps, batch, rate : int, int, float
        Of AdamW, with a linear start and a cosine end. The encoder's late stages learn as fast as
        the head: at a third of it, and half the steps, one T1ce in three was still missed.
    seed : int
    smoothing : float
        Of labels.
    checkpoint_every : int
        Steps.
    """

    steps: int = 600
    batch: int = 16
    rate: float = 3e-3
    seed: int = 0
    smoothing: float = 0.05
    checkpoint_every: int = 50


def fit(
    network: nn.Module,
    copies: Sequence[NDArray[np.float16]],
    classes: NDArray[np.int64],
    chosen: NDArray[np.int64],
    plan: Plan,
    checkpoint: Path,
) -> Iterator[tuple[int, float]]:
    """Train a network in place; it ends as the moving average of its weights.

    Parameters
    ----------
    network : nn.Module
        (n, ...) to logits.
    copies : sequence of ndarray, each of shape (n, ...)
        The same n entries in several variations, of which one is drawn each time.
    classes : ndarray of int64, shape (n,)
        Drawn evenly, so that each batch mixes them.
    chosen : ndarray of int
        Indices of the entries that may be seen.
    plan : Plan
    checkpoint : Path
        Written every so many steps, and read when it is there. What is drawn depends on the step
        alone, so that a run that was killed ends as one that was not.

    Yields
    ------
    (int, float)
        Step and loss.
    """
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.95))
    start = 0
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        start = state["step"]
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
    kinds = np.unique(classes[chosen])
    by_class = {int(c): chosen[classes[chosen] == c] for c in kinds}

    def batch_of(step: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((plan.seed, step))
        drawn = rng.choice(kinds, size=plan.batch)
        picked = [int(rng.choice(by_class[int(c)])) for c in drawn]
        which = rng.integers(len(copies), size=plan.batch)
        x = np.stack([copies[k][i] for k, i in zip(which, picked, strict=True)])
        return jittered(rng, torch.from_numpy(x).float()), torch.from_numpy(drawn)

    network.train()
    for step in range(start, plan.steps):
        torch.manual_seed(plan.seed * 100_003 + step)  # dropout
        x, truth = batch_of(step)
        optimiser.param_groups[0]["lr"] = plan.rate * _share(step, plan.steps)
        loss = functional.cross_entropy(network(x), truth, label_smoothing=plan.smoothing)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        average.update_parameters(network)
        if (step + 1) % plan.checkpoint_every == 0 or step + 1 == plan.steps:
            _keep(checkpoint, step + 1, network, average, optimiser)
        yield step + 1, float(loss.detach())
    network.load_state_dict(average.module.state_dict())
    # The statistics of batch norms are those of the averaged weights, over batches drawn anew.
    update_bn((batch_of(plan.steps + i)[0] for i in range(20)), network)
    network.eval()


def jittered(rng: np.random.Generator, x: Tensor) -> Tensor:
    """Vary entries (n, channels, z, y, x) of maps: other weights of channels, a slab left out."""
    if x.dim() != 5:
        return x
    gains = np.exp(rng.normal(0, 0.08, (*x.shape[:2], 1, 1, 1))).astype(np.float32)
    x = x * torch.from_numpy(gains)
    for one in x:
        if rng.random() < 0.3:
            axis, thick = int(rng.integers(1, 4)), int(rng.integers(1, 4))
            place = int(rng.integers(one.shape[axis] - thick))
            one.narrow(axis, place, thick).zero_()
    return x


@torch.no_grad()
def logits_of(
    network: nn.Module, entries: NDArray[np.float16], batch: int = 16
) -> NDArray[np.float64]:
    """Return a network's logits (n, classes) for entries (n, ...)."""
    network.eval()
    parts = [
        network(torch.from_numpy(entries[i : i + batch]).float())
        for i in range(0, len(entries), batch)
    ]
    return torch.cat(parts).double().numpy()


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
