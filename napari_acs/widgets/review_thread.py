"""The thread that owns an open session: what is asked of it is done in order, off the main thread.

Napari's workers come from a pool, and SQLite's connection must stay in the thread that made it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.errors import BadInput

PATIENCE_S = 20.0
"""As long is the disk waited for when the window closes."""
_LOG = logging.getLogger(__name__)


class SessionThread(QObject):
    """Does what is asked, one after the other, and answers in the main thread."""

    _answered = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.pool = ThreadPoolExecutor(1, "napari-acs session")
        self._answered.connect(self._on_answered)

    def ask(
        self,
        work: Callable[..., Any],
        *args: Any,
        done: Callable[[Any], object] | None = None,
        refused: Callable[[str], object] | None = None,
        **named: Any,
    ) -> None:
        """Call ``work(*args, **named)`` there.

        Parameters
        ----------
        work : callable
        *args, **named
            Of the call.
        done : callable, optional
            Gets what was returned, in the main thread.
        refused : callable, optional
            Gets the sentence of a refusal, or of a fault of ours.
        """
        try:
            future = self.pool.submit(work, *args, **named)
        except RuntimeError:  # the window is closing, and everything was saved
            return
        future.add_done_callback(lambda ended: self._tell((done, refused), ended))

    def _tell(self, heard: Any, ended: Future[Any]) -> None:
        with suppress(RuntimeError):  # the panel is gone
            self._answered.emit(heard, ended)

    @Slot(object, object)
    def _on_answered(self, heard: Any, ended: Future[Any]) -> None:
        done, refused = heard
        error = ended.exception()
        if error is None:
            if done is not None:
                done(ended.result())
            return
        if isinstance(error, BadInput):
            sentence = error.sentence()
        else:
            _LOG.error("a session's work failed", exc_info=error)
            sentence = f"That failed ({type(error).__name__}: {error}). This is a fault of ours."
        if refused is not None:
            refused(sentence)


def end_thread(pool: ThreadPoolExecutor, *last: Callable[[], Any]) -> None:
    """Do what is still to be done, then this, and wait for it; a second time nothing happens."""
    try:
        futures = [pool.submit(work) for work in last]
    except RuntimeError:  # it was ended before
        return
    pool.shutdown(wait=False)
    for future in futures:
        try:
            future.result(PATIENCE_S)
        except BadInput as refusal:  # on the way out nobody sees a panel
            _LOG.error("a review session ended, and not all is saved: %s", refusal.sentence())
        except Exception as error:
            _LOG.error("a review session ended, and not all is saved", exc_info=error)
