"""What a training run shows: a bar with the live loss and Dice, or a line now and then."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import typer

from napari_acs.inference.messages import Progress

if TYPE_CHECKING:
    from napari_acs.training.loop import Step
    from napari_acs.training.recipe import RunPlan

_RECENT = 50
"""Steps that the shown loss is the mean of; without a terminal, also steps between lines."""


def follow_steps(plan: RunPlan, steps: Iterator[Step], show: Callable[[Progress], None]) -> bool:
    """Show every step of a run as it comes.

    Returns
    -------
    bool
        Whether the run came to its end; False if it was stopped.
    """
    from rich.console import Console

    live = Console(stderr=True).is_terminal
    losses: deque[float] = deque(maxlen=_RECENT)
    figures = stage = ""
    tenth = 0
    finished = True
    for step in steps:
        losses.append(step.loss)
        finished = step.finished or not step.last
        if step.validation is not None:
            figures = said(step.validation.figures)
            typer.echo(f"step {step.step}: validation {figures}", err=True)
        # Without a terminal every new stage and every tenth is a line: with the loss as it is then.
        before, tenth = tenth, int(10 * step.step / plan.steps)
        if live or not stage or step.step % _RECENT == 1 or tenth != before:
            stage = f"loss {sum(losses) / len(losses):.3f}" + (figures and f", {figures}")
        show(Progress(step.step, plan.steps, stage, step.step / plan.steps))
    return finished


def quiet_steps(steps: Iterator[Step]) -> bool:
    """Run the steps in a process that shows nothing; returns as :func:`follow_steps`."""
    finished = True
    for step in steps:
        finished = step.finished or not step.last
    return finished


def said(figures: Mapping[str, float]) -> str:
    """Return figures in one line; names that share their first word share it here too."""
    parts, before = [], ""
    for name, value in figures.items():
        first, _, rest = name.partition(" ")
        parts.append(f"{rest if rest and first == before else name} {value:.3f}")
        before = first
    return ", ".join(parts)
