"""Runs the pre-flight check in a worker whenever the chosen layers change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal, Slot

from napari_acs.imaging.check.line import CheckLine
from napari_acs.widgets.working import in_worker

if TYPE_CHECKING:
    from napari_acs.imaging.check import Needs
    from napari_acs.imaging.check.subject import Brain
    from napari_acs.viewer.snapshot import StudySnapshot

Check = Callable[
    ["StudySnapshot", "Needs | None", "Brain", Callable[[], bool]], tuple[CheckLine, ...]
]
_QUIET_MS = 250


@dataclass(frozen=True, eq=False)
class _Ticket:
    study: StudySnapshot
    needs: Needs | None
    brain: Brain
    stop: Event


def check_snapshot(
    study: StudySnapshot, needs: Needs | None, brain: Brain, cancelled: Callable[[], bool]
) -> tuple[CheckLine, ...]:
    """Check a snapshot of layers; runs in a worker."""
    from napari_acs.imaging.check import check_study  # noqa: PLC0415 (SimpleITK comes with it)

    return check_study(study.name, study.volumes(), needs, brain=brain, cancelled=cancelled)


class Checker(QObject):
    """Checks what it was asked for last; an answer to anything older is dropped.

    Signals: ``started()``, ``checked(tuple of CheckLine)``.
    """

    started = Signal()
    checked = Signal(object)

    def __init__(self, check: Check, parent: QObject) -> None:
        super().__init__(parent)
        self._check = check
        self._ticket: _Ticket | None = None
        self.lines: tuple[CheckLine, ...] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_QUIET_MS)
        self._timer.timeout.connect(self._start)
        self._running: set[_Ticket] = set()
        # a method of self would be gone before it could be called
        self.destroyed.connect(partial(_stop_all, self._running))

    @property
    def waiting(self) -> bool:
        """Whether an answer is awaited."""
        return self._ticket is not None

    def ask(
        self, study: StudySnapshot | None, needs: Needs | None = None, brain: Brain = "none"
    ) -> None:
        """Check these layers once the choice has rested; None: there is nothing to check."""
        if self._ticket is not None:
            self._ticket.stop.set()
        self.lines = None
        self._ticket = _Ticket(study, needs, brain, Event()) if study is not None else None
        if self._ticket is None:
            self._timer.stop()
            self.checked.emit(())
        else:
            self._timer.start()
            self.started.emit()

    def hurry(self) -> None:
        """Start at once where the choice has not rested yet."""
        if self._timer.isActive():
            self._timer.stop()
            self._start()

    def _start(self) -> None:
        if self._ticket is not None:
            self._running.add(self._ticket)
            in_worker(_work, self._check, self._ticket, done=self._on_checked)

    @Slot(object)
    def _on_checked(self, pair: tuple[_Ticket, tuple[CheckLine, ...]]) -> None:
        ticket, lines = pair
        if not isalive(self):
            return
        self._running.discard(ticket)
        if ticket is not self._ticket:
            return
        self._ticket = None
        self.lines = lines
        self.checked.emit(lines)


def _work(check: Check, ticket: _Ticket) -> tuple[_Ticket, tuple[CheckLine, ...]]:
    try:
        return ticket, check(ticket.study, ticket.needs, ticket.brain, ticket.stop.is_set)
    except Exception as error:  # a raising worker ends in a second error under PySide6
        logging.getLogger(__name__).exception("the check failed")
        said = f"{type(error).__name__}: {error}"
        line = CheckLine(
            "fault", "amber", "The check itself failed", said, "Please report it; look with care"
        )
        return ticket, (line,)


def _stop_all(tickets: set[_Ticket], *_: object) -> None:
    for ticket in tickets:
        ticket.stop.set()
