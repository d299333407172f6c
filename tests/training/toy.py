"""A run so small that a test can afford to kill it, or to give it two processes.

As a script: ``toy.py RUN STEPS SHARES HOW``, where HOW is "two processes", or when to be killed:
"drawing 5" (the batch after step 5), "writing 5", "renaming 5" (the checkpoint after step 5).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import torch
from torch import nn

from napari_acs.training import checkpoint
from napari_acs.training.loop import train
from napari_acs.training.processes import start_processes
from napari_acs.training.recipe import RunPlan
from napari_acs.training.task import Validation


class Toy:
    """Least squares; the score is what the test says."""

    def __init__(self, scores=()):
        self.scores = list(scores)

    def draw(self, step):
        rng = torch.Generator().manual_seed(step)
        x = torch.randn(4, 3, 4, 4, 4, generator=rng)
        return x, x.mean((1, 2, 3, 4))

    def loss(self, output, target):
        return (output.squeeze(1) - target).square().mean()

    def validate(self, network):
        return Validation(self.scores.pop(0) if self.scores else 0.0, {"toy": 1.0})

    def pictures(self, network, folder):
        (folder / "picture.txt").write_text("")


def toy_network():
    """What could make a run depend on how it was run: batch statistics and dropout."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv3d(3, 5, 1),
        nn.BatchNorm3d(5),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(5 * 64, 1),
    )


def toy_plan(**fields):
    standard = {"id": "toy", "title": "Toy", "batch": 4, "steps": 8, "decay_steps": 4}
    return RunPlan(**{**standard, "validate_every": 4, "checkpoint_every": 2, **fields})


def toy_run(run, scores=(), **fields):
    return list(train(toy_plan(**fields), Toy(scores), toy_network(), run))


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class Mortal(Toy):
    """Kills its process when the batch of a step is drawn."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def draw(self, step):
        if step == self.step:
            die()
        return super().draw(step)


def die_while_writing():
    def half(state, file):
        Path(file).write_bytes(b"half of it")
        die()

    checkpoint.torch.save = half


def die_between_the_renames():
    rename = Path.replace

    def once(self, target):
        rename(self, target)
        if Path(target).name == checkpoint.BEFORE:
            die()

    Path.replace = once


def main(run, steps, shares, how):
    torch.set_num_threads(1)
    plan = toy_plan(steps=int(steps), shares=int(shares))
    if how == "two processes":
        fabric = start_processes("cpu", devices=2)
        list(train(plan, Toy(), toy_network(), Path(run), fabric=fabric))
        return
    moment, _, at = how.partition(" ")
    task = Mortal(int(at)) if moment == "drawing" else Toy()
    for step in train(plan, task, toy_network(), Path(run)):
        if step.step == int(at):
            arrange = {"writing": die_while_writing, "renaming": die_between_the_renames}
            arrange.get(moment, lambda: None)()


if __name__ == "__main__":
    main(*sys.argv[1:])
