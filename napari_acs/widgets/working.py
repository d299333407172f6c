"""One call in napari's worker thread, of which nothing stays behind once it is done."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from typing import Any

from napari.qt.threading import thread_worker
from superqt.utils import WorkerBase

from napari_acs.widgets.first_torch import thread_for_torch

_PATIENCE_MS = 10_000


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
    wait_at_exit()
    worker = thread_worker(_call_and_forget)([partial(work, *args)])
    worker.returned.connect(done)
    if failed is not None:
        worker.errored.connect(failed)
    worker.start()


def _call_and_forget(calls: list[Callable[[], Any]]) -> Any:
    with thread_for_torch():
        return calls.pop()()


@cache
def wait_at_exit() -> None:
    """Let workers end before Python does: superqt's abort the process once Qt's objects are gone.

    napari waits for them where its event loop ends, which a script may never have started. Who
    starts a worker calls this first.
    """
    atexit.register(_end_workers)


def _end_workers() -> None:
    with suppress(RuntimeError):  # one did not end in time
        WorkerBase.await_workers(_PATIENCE_MS)
