"""The one job runner: a generator in napari's worker thread, one job at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Any

from napari.qt.threading import GeneratorWorker, thread_worker
from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.inference.messages import Progress
from napari_acs.widgets.first_torch import thread_for_torch
from napari_acs.widgets.request import CANCELLED, fault
from napari_acs.widgets.working import wait_at_exit

AnyJob = Callable[[Any, Callable[[], bool]], Iterator[Any]]


@dataclass(frozen=True, eq=False)
class Ticket:
    """One started job: its id, its request, the flag that stops it, and that it is over."""

    id: int
    request: Any
    stop: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)


class JobRunner(QObject):
    """Runs jobs and reports on them from the main thread.

    Every job has an id. Messages of a job that was abandoned are dropped: the signals speak of
    the current job only. Jobs never overlap; one that starts while an abandoned one still
    computes its last window waits for it in the worker thread, not in the main one.

    A job is a generator function of a request and a function that tells whether to stop; what it
    yields last, a result of its own kind or a ``Failure``, is its outcome.

    Signals: ``progressed(Progress)``, ``ended(request, outcome)``.
    """

    progressed = Signal(object)
    ended = Signal(object, object)

    def __init__(self, job: AnyJob, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job = job
        self._started = 0
        self._current: Ticket | None = None
        self._alive: list[Ticket] = []
        # a method of self would be gone before it could be called
        self.destroyed.connect(partial(_stop_all, self._alive))

    @property
    def request(self) -> Any:
        """What is being computed, or None when idle."""
        return self._current.request if self._current else None

    def start(self, request: Any, job: AnyJob | None = None) -> bool:
        """Start a job (by default the runner's own) and return True; False while one runs."""
        if self._current is not None:
            return False
        wait_at_exit()
        self._started += 1
        ticket = Ticket(self._started, request)
        self._current = ticket
        make = thread_worker(_work, worker_class=_JobWorker)
        worker = make(job or self._job, ticket, tuple(self._alive))
        self._alive.append(ticket)
        worker.yielded.connect(self._on_message)
        worker.start()
        return True

    def cancel(self) -> None:
        """Ask the job to stop; it ends as cancelled after the window that it is computing."""
        if self._current is not None:
            self._current.stop.set()

    def abandon(self) -> None:
        """Stop the job and drop whatever it still says."""
        self.cancel()
        self._current = None

    @Slot(object)
    def _on_message(self, pair: tuple[Ticket, Any]) -> None:
        ticket, message = pair
        last = not isinstance(message, Progress)
        if last and ticket in self._alive:
            self._alive.remove(ticket)
        if ticket is not self._current:
            return
        if last:
            self._current = None
            self.ended.emit(ticket.request, message)
        elif not ticket.stop.is_set():
            self.progressed.emit(message)


class _JobWorker(GeneratorWorker):
    """A worker that napari can stop, from its status bar or because the window closes.

    superqt's own drops the generator where it is: what it holds would stay held, a thread of its
    own would go on, and nobody would know whose job it was. Here the job is told to stop, and
    comes to its end as after a click on Cancel; who waits for the workers waits for that, too.
    """

    def __init__(self, work: Any, job: AnyJob, ticket: Ticket, before: tuple[Ticket, ...]) -> None:
        super().__init__(work, job, ticket, before)
        self._stop = ticket.stop  # not the ticket: napari keeps every worker

    def quit(self) -> None:
        self._stop.set()


def _work(job: AnyJob, ticket: Ticket, before: tuple[Ticket, ...]) -> Iterator[tuple[Ticket, Any]]:
    """Run in the worker thread: pass a job's messages on, up to and with the first last one."""
    for earlier in before:
        earlier.over.wait()
    try:
        stop: Callable[[], bool] = ticket.stop.is_set
        if stop():
            yield ticket, CANCELLED
            return
        try:
            with thread_for_torch():
                for message in job(ticket.request, stop):
                    yield ticket, message
                    if not isinstance(message, Progress):
                        return
        except Exception as error:  # a raising worker ends in a second error under PySide6
            logging.getLogger(__name__).exception("a job raised")
            yield ticket, fault(f"{type(error).__name__}: {error}")
            return
        yield ticket, fault("the job ended without a result")
    finally:
        ticket.over.set()


def _stop_all(tickets: list[Ticket], *_: object) -> None:
    for ticket in tickets:
        ticket.stop.set()
