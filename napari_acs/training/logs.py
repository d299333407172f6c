"""What a run writes down of its steps: two tables, and TensorBoard events where it is installed."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Final

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from lightning_fabric.loggers.tensorboard import TensorBoardLogger

    from napari_acs.training.loop import Step

STEPS: Final = ("step", "loss", "rate", "seconds", "score")
FIGURES: Final = ("step", "case", "figure", "value")
MEAN: Final = "mean"
"""What stands for the case where a figure is that of all."""


class RunLog:
    """The log of one run: ``log.csv``, ``validation.csv`` and ``tensorboard/``.

    Parameters
    ----------
    run : Path
        The run's folder.
    first : int
        Steps done before; lines of later ones, which a killed run leaves, are dropped, as they
        come again.
    """

    def __init__(self, run: Path, first: int) -> None:
        self._steps, self._figures = run / "log.csv", run / "validation.csv"
        with on_disk(run):
            _begin(self._steps, STEPS, first)
            _begin(self._figures, FIGURES, first)
            self._board = _tensorboard(run, first)

    def write(self, step: Step) -> None:
        """Write down a step, and its validation if it had one."""
        judged = step.validation
        score = "" if judged is None else repr(judged.score)
        _append(self._steps, [(step.step, step.loss, step.rate, f"{step.seconds:.3f}", score)])
        board: dict[str, float] = {"loss": step.loss, "rate": step.rate}
        if judged is not None:
            rows = [(step.step, MEAN, name, value) for name, value in judged.figures.items()]
            for case, figures in judged.cases.items():
                rows += [(step.step, case, name, value) for name, value in figures.items()]
            _append(self._figures, rows)
            board |= {f"validation/{name}": value for name, value in judged.figures.items()}
            board["validation/score"] = judged.score
        if self._board is not None:
            with on_disk(self._steps.parent / "tensorboard"):
                self._board.log_metrics(board, step.step)

    def close(self) -> None:
        """Write what is still in memory."""
        if self._board is not None:
            # Whatever ends the run is to be said, not that its events could not be written too;
            # the tables say the same.
            with suppress(OSError):
                self._board.finalize("success")


@contextmanager
def on_disk(place: Path) -> Iterator[None]:
    """Refuse, in a sentence, what the disk refuses while the block lasts.

    Raises
    ------
    BadInput
        The disk is full, or read-only.
    """
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"{place} cannot be written",
            found=(error.strerror or str(error)).lower(),
            do="Make space; the same command goes on from the last checkpoint, which is kept",
        ) from error


def _tensorboard(run: Path, first: int) -> TensorBoardLogger | None:
    if find_spec("tensorboard") is None and find_spec("tensorboardX") is None:
        return None
    try:
        from lightning_fabric.loggers.tensorboard import TensorBoardLogger  # noqa: PLC0415  (after the question)

        board = TensorBoardLogger(run, name="tensorboard", version="", purge_step=first + 1)
        _ = board.experiment  # TensorBoard itself is imported here, and may be broken
    except ImportError:
        return None  # the tables say the same
    return board


def _begin(file: Path, columns: tuple[str, ...], first: int) -> None:
    """Write the head of a table, or cut the table after a step."""
    kept: list[str] = []
    if file.exists():
        text = file.read_text(encoding="utf-8", errors="replace")
        kept = [line for line in text.splitlines(keepends=True)[1:] if _step_of(line) <= first]
    partial = file.with_name(f".{file.name}.part")
    partial.write_text(",".join(columns) + "\n" + "".join(kept), encoding="utf-8")
    partial.replace(file)


def _step_of(line: str) -> float:
    """Return the step of a line; beyond all others, where a power cut left no whole line."""
    number = line.partition(",")[0]
    return int(number) if line.endswith("\n") and number.isdecimal() else inf


def _append(file: Path, rows: Sequence[tuple[object, ...]]) -> None:
    with on_disk(file), file.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
