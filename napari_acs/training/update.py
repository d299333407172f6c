"""One step of training: a batch in equal shares, computed by one process or by several.

The result does not depend on how many processes there are: each share has its own batch
statistics, its own Dice and its own dropout; gradients and running statistics are averaged over
the shares. A process takes its part of the shares, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from napari_acs.errors import BadInput
from napari_acs.training.recipe import RunPlan
from napari_acs.training.task import Task

_LARGEST_GRADIENT = 5.0


def refuse_uneven_shares(plan: RunPlan, processes: int) -> None:
    """Raise a ``BadInput`` if the shares of a batch cannot be dealt out evenly."""
    if plan.shares % processes:
        raise BadInput(
            f"{processes} processes cannot divide the batch among them",
            found=f"shares: {plan.shares}, batch: {plan.batch}",
            expected=f"a number of shares that {processes} divides, and that divides the batch",
            do=f"Set them in the recipe, or with --set shares={processes}",
        )


def update(
    fabric: Fabric,
    plan: RunPlan,
    task: Task,
    wrapped: _FabricModule,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    batch: tuple[Tensor, Tensor],
    step: int,
) -> Tensor:
    """Make one step.

    Parameters
    ----------
    fabric : Fabric
    plan : RunPlan
    task : Task
    wrapped, network : nn.Module
        What Fabric made of the network, and the network itself, which is trained.
    optimiser : Optimizer
        As Fabric returned it.
    batch : (Tensor, Tensor)
        The whole batch: inputs (n, c, z, y, x) and targets (n, ...), on the CPU.
    step : int
        Seeds the dropout, with the share's number and the plan's seed.

    Returns
    -------
    Tensor
        Scalar: the mean loss of this process's shares.
    """
    network.train()
    mine = plan.shares // fabric.world_size
    first = fabric.global_rank * mine
    pairs = list(zip(*(part.chunk(plan.shares) for part in batch), strict=True))
    statistics = _Statistics(network, active=plan.shares > 1)
    total = torch.zeros((), device=fabric.device)
    optimiser.zero_grad(set_to_none=True)
    for share in range(first, first + mine):
        inputs, target = (part.to(fabric.device, non_blocking=True) for part in pairs[share])
        statistics.rewind()
        # Gradients are exchanged with the last share only.
        more = fabric.no_backward_sync(wrapped, enabled=share < first + mine - 1)
        with _dropout(fabric.device, plan, step, share), more:
            loss = task.loss(wrapped(inputs), target) / mine
            fabric.backward(loss)
        total += loss.detach()
        statistics.note()
    statistics.settle(fabric, mine)
    # With fp16 a gradient that overflows is usual: the scaler leaves that step out.
    fabric.clip_gradients(
        wrapped,
        optimiser,
        max_norm=_LARGEST_GRADIENT,
        error_if_nonfinite=False,
    )
    optimiser.step()
    return total


@contextmanager
def _dropout(device: torch.device, plan: RunPlan, step: int, share: int) -> Iterator[None]:
    """Seed torch for a block, and put its generators back afterwards."""
    # Not from the generators' state: so a run goes on from a checkpoint, on more or fewer
    # processes, with the numbers that it would have had.
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed((plan.seed * 1_000_003 + step) * 1_009 + share)
        yield


class _Statistics:
    """The buffers of a network (running statistics), averaged over the shares of a batch.

    Every share starts from the buffers that the step began with, as if it were alone.
    """

    def __init__(self, network: nn.Module, *, active: bool) -> None:
        self._buffers = list(network.buffers()) if active else []
        self._before = [buffer.clone() for buffer in self._buffers]
        # Counters are the same after every share.
        self._means = [buffer for buffer in self._buffers if buffer.is_floating_point()]
        self._sum = torch.zeros(())

    def rewind(self) -> None:
        for buffer, before in zip(self._buffers, self._before, strict=True):
            buffer.copy_(before)

    def note(self) -> None:
        if self._means:
            self._sum = self._sum.to(self._means[0].device) + parameters_to_vector(self._means)

    def settle(self, fabric: Fabric, shares: int) -> None:
        if self._means:
            mean = torch.as_tensor(fabric.all_reduce(self._sum / shares, reduce_op="mean"))
            parts = mean.split([buffer.numel() for buffer in self._means])
            for buffer, part in zip(self._means, parts, strict=True):
                buffer.copy_(part.view_as(buffer))
