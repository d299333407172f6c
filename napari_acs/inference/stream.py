"""Work that reports through a callback, as a generator of progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")
_POLL_S = 0.2


class Outcome(Generic[T]):
    """What the work returned, as the last thing that `stream` yields."""

    def __init__(self, value: T) -> None:
        self.value = value


def stream(work: Callable[[Callable[[float], None]], T]) -> Iterator[float | Outcome[T]]:
    """Run ``work`` in a thread of its own; yield its progress, then its outcome.

    Work on images takes seconds and reports from inside SimpleITK's or torch's loops, where
    nothing can be yielded. Whatever it raises is raised here. A generator that is closed early
    waits for the work: tell that to stop first.

    Parameters
    ----------
    work : callable
        Takes a function that it tells the finished part, 0 to 1.

    Yields
    ------
    float or Outcome
    """
    told: SimpleQueue[float] = SimpleQueue()
    ended: list[Outcome[T] | BaseException] = []

    def run() -> None:
        try:
            ended.append(Outcome(work(told.put)))
        except BaseException as error:
            ended.append(error)

    thread = Thread(target=run, name="napari-acs work", daemon=True)
    thread.start()
    try:
        while thread.is_alive() or not told.empty():
            try:
                yield told.get(timeout=_POLL_S)
            except Empty:
                continue
    finally:
        thread.join()
    if isinstance(ended[0], Outcome):
        yield ended[0]
    else:
        raise ended[0]
