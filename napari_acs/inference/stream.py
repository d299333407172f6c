"""Work that reports through a callback, as a generator of progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Generic, TypeVar

from napari_acs.imaging.cancel import never

T = TypeVar("T")
_POLL_S = 0.2


class Outcome(Generic[T]):
    """What the work returned, as the last thing that `stream` yields."""

    def __init__(self, value: T) -> None:
        self.value = value


class _Fault:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def stream(
    work: Callable[[Callable[[float], None], Callable[[], bool]], T],
    cancelled: Callable[[], bool] = never,
) -> Iterator[float | Outcome[T]]:
    """Run ``work`` in a thread of its own; yield its progress, then its outcome.

    Work on images takes seconds and reports from inside SimpleITK's or torch's loops, where
    nothing can be yielded. Whatever it raises is raised here, with its traceback.

    While nothing new is told the last progress is yielded again, five times a second, so that
    who runs the generator can look at other things. One that is closed early tells the work to
    stop, and waits for that.

    Parameters
    ----------
    work : callable
        Takes a function that it tells the finished part, 0 to 1, and one that tells it whether
        to stop.
    cancelled : callable
        Whether the caller wants the work to stop.

    Yields
    ------
    float or Outcome
        The finished part never falls.
    """
    told: SimpleQueue[float | Outcome[T] | _Fault] = SimpleQueue()
    closed = Event()

    def stop() -> bool:
        return closed.is_set() or cancelled()

    def run() -> None:
        try:
            told.put(Outcome(work(told.put, stop)))
        except BaseException as error:
            told.put(_Fault(error))

    thread = Thread(target=run, name="napari-acs work", daemon=True)
    thread.start()
    part = 0.0
    try:
        while True:
            try:
                said = told.get(timeout=_POLL_S)
            except Empty:
                said = part
            if isinstance(said, _Fault):
                raise said.error
            if isinstance(said, Outcome):
                yield said
                return
            part = max(part, said)
            yield part
    finally:
        closed.set()
        thread.join()
