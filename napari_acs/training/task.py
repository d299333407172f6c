"""What the loop needs to know of a task: its batches, its loss and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn


@dataclass(frozen=True)
class Validation:
    """How an averaged network does on the validation cases.

    Attributes
    ----------
    score : float
        What early stopping and "best" go by; more is better.
    figures : mapping of str to float
        What the progress line and the logs show, by name, such as ``{"Dice WT": 0.87}``.
    cases : mapping of str to mapping of str to float
        The figures of every validation case, by its name.
    """

    score: float
    figures: Mapping[str, float] = field(default_factory=dict)
    cases: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


class Task(Protocol):
    """Segmentation or classification, as the loop sees it."""

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Return a step's whole batch on the CPU: inputs (n, c, z, y, x) and targets (n, ...).

        It depends on the recipe's seed and the step alone; with several processes each takes its
        share of it.
        """
        ...

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the loss of a share of a batch: a scalar, the mean over its samples."""
        ...

    def validate(self, network: nn.Module) -> Validation:
        """Judge a network in eval mode, on the device where it is."""
        ...

    def pictures(self, network: nn.Module, folder: Path) -> None:
        """Write a few validation pictures (PNG) into a folder that exists."""
        ...
