"""What is done with review files, in workers: making one, verification, exports."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import Cancelled
from napari_acs.viewer.review_files import export_reads, export_training, make_session, verified
from napari_acs.widgets.review_start import NewSession
from napari_acs.widgets.working import in_worker


class ReviewFiles(QObject):
    """Works on files beside the window. Signals: ``made(Path)``, ``done(str)``, ``refused(str)``.

    ``busy(bool)`` says whether something is at work, ``begun(str)`` what that is, ``making(bool)``
    whether it is a session that is being made, which `cancel` stops.
    """

    made = Signal(object)
    done = Signal(str)
    refused = Signal(str)
    busy = Signal(bool)
    begun = Signal(str)
    making = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._closed = Event()
        self._making: Event | None = None
        self.destroyed.connect(partial(_set, self._closed))

    @Slot(object)
    def make(self, asked: NewSession) -> None:
        """Make a session as it was asked for."""
        if not asked.places:
            self.refused.emit(
                "Nothing says which studies to review. Name a folder, a CSV or DICOM."
            )
        elif asked.file is None:
            self.refused.emit("Nothing says where the session goes. Name a file.")
        else:
            self._making = stop = Event()
            closed = self._closed
            work = partial(
                make_session,
                asked.places,
                asked.rater,
                asked.file,
                asked.form,
                ai=asked.ai,
                repeats=asked.repeats,
                shuffled=asked.shuffled,
                seed=asked.seed,
                cancelled=lambda: stop.is_set() or closed.is_set(),
            )
            self.making.emit(True)
            self._start(work, stop)

    @Slot()
    def cancel(self) -> None:
        """Stop making the session; it says so when it has ended."""
        if self._making is not None:
            self._making.set()

    def verify(self, file: Path) -> None:
        """Verify a session, and say what was found."""
        self.begun.emit(f"Verifying {file.name} ...")
        self._start(partial(verified, file))

    def export(self, file: Path, target: Path) -> None:
        """Write a session's reads; the user was asked about an existing file."""
        self.begun.emit(f"Writing {target.name} ...")
        self._start(partial(export_reads, file, target))

    def training(self, file: Path, folder: Path) -> None:
        """Write a training set."""
        self.begun.emit(f"Writing the training set {folder.name} ...")
        self._start(partial(export_training, file, folder, self._closed.is_set))

    def _start(self, work: Callable[[], Any], job: Event | None = None) -> None:
        self.busy.emit(True)
        in_worker(_answer, work, job, done=self._on_answer)

    @Slot(object)
    def _on_answer(self, answer: tuple[Event | None, bool, Any]) -> None:
        if not isalive(self):
            return
        self.busy.emit(False)
        job, well, said = answer
        if job is not None and job is self._making:
            self._making = None
            self.making.emit(False)
        signal = self.refused if not well else self.made if isinstance(said, Path) else self.done
        signal.emit(said)


def _answer(work: Callable[[], Any], job: Event | None) -> tuple[Event | None, bool, Any]:
    """Run in the worker; a raising worker ends in a second error under PySide6."""
    try:
        return job, True, work()
    except BadInput as refusal:
        return job, False, refusal.sentence()
    except Cancelled:
        return job, False, "Cancelled. Nothing was written."
    except Exception as error:
        logging.getLogger(__name__).exception("work on a review file failed")
        return (
            job,
            False,
            f"That failed ({type(error).__name__}: {error}). This is a fault of ours.",
        )


def _set(stop: Event, *_: object) -> None:
    stop.set()
