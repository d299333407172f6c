"""A made-up job on a grid that has nothing of a default. Imports no napari."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import numpy as np

from napari_acs.imaging import Grid
from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.inference.messages import Failure, Message, Progress, Result, Segmentation
from napari_acs.models.spec import GLIOMA_OUTPUT

GRID = Grid((14, 12, 10), (0.9, 1.1, 2.5), (-30.0, 12.0, 7.0), (0, 0, 1, -1, 0, 0, 0, -1, 0))
"""Axes permuted and flipped, anisotropic: a mix-up of axes cannot go unseen."""


def not_looked_at(shots):
    """Say nothing of layers without telling names."""
    return {key: SequenceGuess(None, 0.0, "not looked at", "classifier") for key in shots}


def labels_on(grid: Grid) -> np.ndarray:
    labels = np.zeros(grid.shape, np.uint8)
    labels[2:8, 2:9, 3:12] = 2
    labels[3:7, 3:8, 4:9] = 1
    labels[4:6, 4:6, 5:7] = 3
    return labels


class FakeJob:
    """Yields progress, waits for ``go``, then yields its ending; honours ``cancelled``."""

    def __init__(self) -> None:
        self.go = Event()
        self.go.set()
        self.requests: list = []
        self.stopped = Event()
        self.ending: Message | Exception | None = None

    def __call__(self, request, cancelled) -> Iterator[Message]:
        self.requests.append(request)
        yield Progress(1, 4, "inference", 0.25)
        while not self.go.wait(0.02):
            if cancelled():
                self.stopped.set()
                yield Failure("Cancelled", "", "Nothing was changed", "cancelled")
                return
        if isinstance(self.ending, Exception):
            raise self.ending
        yield self.ending or Result(self.segmentation(request), ("A note.",))

    def segmentation(self, request) -> Segmentation:
        labels = labels_on(request.study.reference.grid)
        labels.setflags(write=False)
        return Segmentation(
            labels,
            request.study.reference.grid,
            GLIOMA_OUTPUT.labels,
            {},
            {},
            {"model": {"id": "m"}},
            {},
        )


GREEN = CheckLine("grids", "green", "Sequences lie on one grid")


class FakeCheck:
    """Answers with ``lines`` once ``go`` is set."""

    def __init__(self) -> None:
        self.go = Event()
        self.go.set()
        self.asked: list = []
        self.lines: tuple[CheckLine, ...] = (GREEN,)

    def __call__(self, study, needs, brain, cancelled) -> tuple[CheckLine, ...]:
        self.asked.append((study, brain))
        while not self.go.wait(0.02) and not cancelled():
            pass
        return self.lines


class FakePrepare:
    """Yields progress, then ``ending(request)``; honours ``cancelled`` while ``go`` is not set."""

    def __init__(self) -> None:
        self.go = Event()
        self.go.set()
        self.requests: list = []
        self.ending = lambda request: Failure("Not made up", "", "")

    def __call__(self, request, cancelled) -> Iterator:
        self.requests.append(request)
        yield Progress(1, 2, "register", 0.5)
        while not self.go.wait(0.02):
            if cancelled():
                yield Failure("Cancelled", "", "Nothing was changed", "cancelled")
                return
        yield self.ending(request)
