"""One call in napari's worker thread, of which nothing stays behind once it is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from napari.qt.threading import thread_worker


def in_worker(
    work: Callable[..., Any],
    *args: Any,
    done: Callable[[Any], object],
    failed: Callable[[Any], object] | None = None,
) -> None:
    """Call ``work(*args)`` in a worker thread.

    napari's window keeps every worker that it ever started, to be able to cancel it, and a worker
    keeps what it was called with: images, here. So it is called with a list that is emptied.

    Parameters
    ----------
    work : callable
        Must not return an exception: superqt raises it.
    *args
        Of the call.
    done, failed : callable
        Slots that get, in the main thread, what was returned or raised.
    """
    worker = thread_worker(_call_and_forget)([partial(work, *args)])
    worker.returned.connect(done)
    if failed is not None:
        worker.errored.connect(failed)
    worker.start()


def _call_and_forget(calls: list[Callable[[], Any]]) -> Any:
    return calls.pop()()
