"""Reads the images of cases in a worker, the next one before it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import Cancelled
from napari_acs.viewer.review_case import CaseImages, read_case
from napari_acs.widgets.working import in_worker

if TYPE_CHECKING:
    from napari_acs.review.session.state import SessionState

ReadCase = Callable[["SessionState", int, Path, Callable[[], bool]], CaseImages]


@dataclass(frozen=True, eq=False)
class _Reading:
    """One case that is being read, or was."""

    path: Path
    item: int
    stop: Event

    def is_of(self, path: Path, item: int) -> bool:
        return (self.path, self.item) == (path, item)


class CaseReader(QObject):
    """Gives the images of a case. Signals: ``given(CaseImages)``, ``refused(item, sentence)``.

    Beside the case that is waited for, one other at most is read ahead and kept; it is dropped as
    soon as another is read ahead, or another session is open.
    """

    given = Signal(object)
    refused = Signal(int, str)

    def __init__(self, parent: QObject, read: ReadCase = read_case) -> None:
        super().__init__(parent)
        self._read = read
        self._ahead: tuple[_Reading, CaseImages | str | None] | None = None
        self._wanted: _Reading | None = None
        self._alive: list[_Reading] = []
        self.destroyed.connect(partial(_stop_all, self._alive))  # a method of self would be gone

    @property
    def ahead(self) -> int | None:
        """The item whose images lie ready."""
        ready = self._ahead is not None and isinstance(self._ahead[1], CaseImages)
        return self._ahead[0].item if ready and self._ahead is not None else None

    def ask(self, state: SessionState, item: int, path: Path) -> None:
        """Give a case's images, at once where they lie ready."""
        if self._wanted is not None and self._wanted is not self._reading_ahead():
            self._wanted.stop.set()
        if self._ahead is not None and self._ahead[0].is_of(path, item):
            reading, outcome = self._ahead
            self._wanted = reading
            if outcome is not None:
                self._ahead = None
                self._tell(outcome)
            return
        self._wanted = self._start(state, item, path)

    def read_ahead(self, state: SessionState, item: int | None, path: Path) -> None:
        """Read a case that will be asked for; what was read ahead before is dropped."""
        if self._ahead is not None:
            if item is not None and self._ahead[0].is_of(path, item):
                return
            self._ahead[0].stop.set()
        self._ahead = None
        if item is not None:
            self._ahead = self._start(state, item, path), None

    def forget(self) -> None:
        """Drop everything."""
        for reading in self._alive:
            reading.stop.set()
        self._ahead = self._wanted = None

    def _reading_ahead(self) -> _Reading | None:
        return self._ahead[0] if self._ahead is not None else None

    def _start(self, state: SessionState, item: int, path: Path) -> _Reading:
        reading = _Reading(path, item, Event())
        self._alive.append(reading)
        in_worker(_look, self._read, state, reading, done=self._on_read)
        return reading

    @Slot(object)
    def _on_read(self, answer: tuple[_Reading, CaseImages | str]) -> None:
        reading, outcome = answer
        if not isalive(self):
            return
        self._alive.remove(reading)
        if reading is self._wanted:
            if reading is self._reading_ahead():
                self._ahead = None
            self._tell(outcome)
        elif reading is self._reading_ahead():
            self._ahead = reading, outcome

    def _tell(self, outcome: CaseImages | str) -> None:
        wanted, self._wanted = self._wanted, None
        if isinstance(outcome, CaseImages):
            self.given.emit(outcome)
        elif wanted is not None:
            self.refused.emit(wanted.item, outcome)


def _look(
    read: ReadCase, state: SessionState, reading: _Reading
) -> tuple[_Reading, CaseImages | str]:
    """Run in the worker; a raising worker ends in a second error under PySide6."""
    try:
        return reading, read(state, reading.item, reading.path, reading.stop.is_set)
    except BadInput as refusal:
        return reading, refusal.sentence()
    except Cancelled:
        return reading, "The case is not read any more."
    except Exception as error:
        logging.getLogger(__name__).exception("a case could not be read")
        return reading, f"The case could not be read ({type(error).__name__}: {error})."


def _stop_all(alive: list[_Reading], *_: object) -> None:
    for reading in alive:
        reading.stop.set()
