"""The training loop: resumable at any moment, and the same from a seed however it was run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.training.agreement import agreed
from napari_acs.training.checkpoint import read_checkpoint, save_best, save_checkpoint, sweep
from napari_acs.training.ema import Average
from napari_acs.training.logs import RunLog, on_disk
from napari_acs.training.no_number import Losses
from napari_acs.training.processes import start_processes
from napari_acs.training.recipe import RunPlan
from napari_acs.training.resuming import refuse_another_recipe
from napari_acs.training.run_folder import describe_run
from napari_acs.training.schedule import learning_rate, make_optimiser, set_rate
from napari_acs.training.task import Task, Validation
from napari_acs.training.update import refuse_uneven_shares, update


@dataclass(frozen=True)
class Step:
    """What happened at a step.

    Attributes
    ----------
    step : int
        Steps done, this one included.
    loss : float
        The mean over the whole batch.
    rate : float
        The learning rate.
    seconds : float
        What the step took, with its validation.
    validation : Validation, optional
        Where the averaged network was judged.
    last : bool
        Whether training ends here: all steps are done, it was stopped, or stopped early.
    finished : bool
        Whether there is nothing left to do: ``last``, and not stopped by the user.
    """

    step: int
    loss: float
    rate: float
    seconds: float
    validation: Validation | None = None
    last: bool = False
    finished: bool = False


def train(
    plan: RunPlan,
    task: Task,
    network: nn.Module,
    run: Path,
    *,
    stop: Callable[[], bool] = lambda: False,
    device: str = "cpu",
    fabric: Fabric | None = None,
) -> Iterator[Step]:
    """Train a network; yield after every step.

    The run's folder gets ``recipe.yaml``, ``environment.json``, ``log.csv``, ``validation.csv``,
    ``tensorboard/``, ``pictures/`` and the checkpoints; training goes on from these if they are
    there. A run that was killed at any moment and goes on makes the steps of one that was not:
    a batch, and the dropout, depend on the seed and the step alone.

    Parameters
    ----------
    plan : RunPlan
        What to do.
    task : Task
        Where batches, the loss and the judgement come from.
    network : nn.Module
        With its starting weights; trained in place.
    run : Path
        The run's folder.
    stop : callable
        Asked after every step; True ends the run with a checkpoint. It is enough that one of
        several processes says so.
    device : str
        Where to train, as torch names it; batches are drawn on the CPU.
    fabric : Fabric, optional
        From :func:`napari_acs.training.processes.start_processes`, instead of ``device``, where
        there are several processes; each calls this function.

    Raises
    ------
    BadInput
        If the run was begun with another recipe, its checkpoints cannot be read or written, the
        processes cannot share the batch, or the loss is no longer a number.
    RefusedElsewhere
        Another process found that, see `agreement.agreed`.
    """
    fabric = fabric or start_processes(device, precision=plan.precision)
    refuse_uneven_shares(plan, fabric.world_size)
    # Nobody writes a checkpoint before all have read the last one, and found the same.
    state = _State(fabric, plan, network, agreed(fabric, lambda: _last(plan, run)))
    first = state.done
    _refuse_another_place(fabric, run, first)
    log = agreed(fabric, lambda: _begin(fabric, plan, run, first))
    losses = Losses(plan.precision)
    try:
        for step in range(first, plan.steps if not state.exhausted else 0):
            began = time.perf_counter()
            rate = learning_rate(plan, step)
            set_rate(state.optimiser, rate)
            batch = task.draw(step)
            loss = update(fabric, plan, task, state.wrapped, network, state.optimiser, batch, step)
            state.average.update(network, step)
            state.done = step + 1
            mean_loss, asked = _agree(fabric, loss, stop())
            agreed(fabric, partial(losses.refuse_no_number, state.done, mean_loss, network))
            judged, best = None, False
            if state.done == plan.steps or state.done % plan.validate_every == 0:
                judged = _validate(fabric, task, state.average.network)
                best = state.note(judged)
            finished = state.done == plan.steps or state.exhausted
            last = finished or asked
            took = time.perf_counter() - began
            result = Step(state.done, mean_loss, rate, took, judged, last, finished)
            keep = last or judged is not None or _due(plan, state.done)
            agreed(fabric, partial(_write_down, log, task, state, run, result, best, keep))
            yield result
            if last:
                return
    finally:
        if log is not None:
            log.close()


class _State:
    """All that a checkpoint holds, brought to the device and filled from the last one."""

    def __init__(
        self, fabric: Fabric, plan: RunPlan, network: nn.Module, saved: Mapping[str, Any] | None
    ) -> None:
        self._fabric, self._plan = fabric, plan
        self.done, self.stale, self.best = 0, 0, -math.inf
        if saved is not None:
            self.done, self.best, self.stale = saved["step"], saved["best"], saved["stale"]
            network.load_state_dict(saved["network"])
        self.network = network
        self.wrapped, self.optimiser = fabric.setup(network, make_optimiser(plan, network))
        self.average = Average(network, plan.ema)
        if saved is not None:
            self.average.network.load_state_dict(saved["average"])
            self.optimiser.load_state_dict(saved["optimiser"])
            fabric.strategy.precision.load_state_dict(saved["precision"])

    @property
    def exhausted(self) -> bool:
        """Whether the run ends early: too many validations without a better score."""
        return 0 < self._plan.patience <= self.stale

    def note(self, judged: Validation) -> bool:
        """Take a validation into account; say whether it is the best so far."""
        better = judged.score > self.best
        # Of equals the later one is taken, though it does not count as progress.
        taken = judged.score >= self.best
        self.stale = 0 if better else self.stale + 1
        self.best = max(self.best, judged.score)
        return taken

    def as_dict(self) -> dict[str, object]:
        return {
            "step": self.done,
            "best": self.best,
            "stale": self.stale,
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "precision": self._fabric.strategy.precision.state_dict(),
            "recipe": self._plan.model_dump(mode="json"),
        }


def _last(plan: RunPlan, run: Path) -> dict[str, Any] | None:
    """Read the checkpoint to go on from; refuse it where it is of another recipe."""
    run.mkdir(parents=True, exist_ok=True)
    saved = read_checkpoint(run)
    if saved is not None:
        refuse_another_recipe(run, plan, saved["recipe"], saved["step"])
    return saved


def _refuse_another_place(fabric: Fabric, run: Path, first: int) -> None:
    """Refuse processes that do not all see the same run's folder: they would part in silence."""
    if fabric.world_size == 1:
        return
    step = torch.tensor(float(first), device=fabric.device)
    mean = float(torch.as_tensor(fabric.all_reduce(step, reduce_op="mean")))

    def refuse() -> None:
        if abs(mean - first) > 1e-3:
            raise BadInput(
                f"The processes do not see the same folder {run}",
                found=f"a checkpoint of step {first} here, and of another step elsewhere",
                do="Name a folder with --run that all machines share",
            )

    agreed(fabric, refuse)


def _begin(fabric: Fabric, plan: RunPlan, run: Path, first: int) -> RunLog | None:
    if not fabric.is_global_zero:
        return None
    sweep(run)
    describe_run(
        run,
        plan,
        step=first,
        device=str(fabric.device),
        processes=fabric.world_size,
        precision=plan.precision,
    )
    return RunLog(run, first)


def _due(plan: RunPlan, done: int) -> bool:
    return plan.checkpoint_every > 0 and done % plan.checkpoint_every == 0


def _agree(fabric: Fabric, loss: Tensor, stop: bool) -> tuple[float, bool]:
    """Return the mean loss of all processes, and whether one of them was asked to stop."""
    both = torch.stack([loss, torch.full_like(loss, float(stop))])
    mean = torch.as_tensor(fabric.all_reduce(both, reduce_op="mean"))
    return float(mean[0]), bool(mean[1] > 0)


def _validate(fabric: Fabric, task: Task, network: nn.Module) -> Validation:
    """Judge on the main process, while the others wait for its word."""
    judged = task.validate(network) if fabric.is_global_zero else None
    said = fabric.broadcast(judged)
    assert said is not None
    return said


def _write_down(
    log: RunLog | None,
    task: Task,
    state: _State,
    run: Path,
    result: Step,
    best: bool,
    keep: bool,
) -> None:
    """Write a step's log, pictures and checkpoints; only the main process has a log."""
    if log is None:
        return
    if best:
        save_best(run, state.average.network.state_dict())
    # Before the checkpoint: what it does not cover yet is cut off and comes again, but what it
    # covers never would.
    log.write(result)
    if result.validation is not None:
        _pictures(task, state.average.network, run, state.done)
    if keep:
        save_checkpoint(run, state.as_dict())


def _pictures(task: Task, network: nn.Module, run: Path, step: int) -> None:
    folder = run / "pictures" / f"step-{step:06d}"
    with on_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        task.pictures(network, folder)
