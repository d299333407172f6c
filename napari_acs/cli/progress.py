"""A job's progress on stderr: a bar on a terminal, plain lines elsewhere."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from napari_acs.inference.messages import Progress

_TENTH = 10


@contextmanager
def progress_shown(title: str) -> Iterator[Callable[[Progress], None]]:
    """Show the progress of one job.

    Yields
    ------
    callable
        To be called with every ``Progress`` of the job.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain(title)
        return
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=1.0)

        def show(step: Progress) -> None:
            bar.update(task, completed=step.fraction, description=f"{title}: {step.stage}")

        yield show


def _plain(title: str) -> Callable[[Progress], None]:
    """Return a printer of one line for every stage and every tenth of the job."""
    last: tuple[str, int] | None = None

    def show(step: Progress) -> None:
        nonlocal last
        now = (step.stage, int(step.fraction * _TENTH))
        if now != last:
            last = now
            typer.echo(
                f"{title}: {step.stage} {step.done}/{step.total} ({step.fraction:.0%})", err=True
            )

    return show
