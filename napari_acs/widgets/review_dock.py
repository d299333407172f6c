"""The Review dock: wires the panel, the open case, and what is done with whole files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QTimer, Signal, Slot
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from napari_acs.review.session.audit import accept_in_bulk, confident_items, draw_audit
from napari_acs.review.session.given import take_given
from napari_acs.review.session.state import TO_DO
from napari_acs.viewer.unwrapped import unwrapped
from napari_acs.widgets.one_study import OneStudy
from napari_acs.widgets.review_before import ExamComparing
from napari_acs.widgets.review_blind import BlindRead
from napari_acs.widgets.review_cases import ReviewCases
from napari_acs.widgets.review_clock import ReviewClock
from napari_acs.widgets.review_files import ReviewFiles
from napari_acs.widgets.review_holding import Holding
from napari_acs.widgets.review_others import OtherMasks
from napari_acs.widgets.review_panel import ReviewPanel
from napari_acs.widgets.review_saying import Saying
from napari_acs.widgets.review_unsaved import SavedLine
from napari_acs.widgets.scrolled import fill_with
from napari_acs.widgets.shared_letters import letters_beside

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.viewer.review_desk import Begun, Saved, Seen

_TITLE = "Review (napari-acs)"
_NARROWEST = 400
"""In pixels: a worklist with whole pseudonyms."""


def ask_target(window: QWidget, what: str, proposal: str) -> Path | None:
    """Ask for a file that is to be written."""
    name, _ = QFileDialog.getSaveFileName(window, what, proposal)
    return Path(name) if name else None


def confirmed(window: QWidget, question: str) -> bool:
    """Ask the user."""
    yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
    # What is asked costs something (a look at cases, work that is not saved): Enter is no.
    return bool(QMessageBox.question(window, "Review", question, yes | no, no) == yes)


class ReviewDock(QWidget):
    """What ``Plugins > Review (napari-acs)`` opens.

    Signals: ``opened(Seen)`` when a session is open; ``begun(int)`` when an item is on screen and
    can be edited, ``complete(int)`` when its other images are there, too; ``told(str)``, every
    sentence; ``saved(Saved)`` after each edit.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
    ask, confirm : callable
        What asks for a file to write, and what asks yes or no; others in tests.
    """

    opened = Signal(object)
    begun = Signal(int)
    complete = Signal(int)
    told = Signal(str)
    saved = Signal(object)

    def __init__(
        self,
        napari_viewer: Viewer,
        ask: Callable[[QWidget, str, str], Path | None] = ask_target,
        confirm: Callable[[QWidget, str], bool] = confirmed,
    ) -> None:
        super().__init__()
        self.viewer = napari_viewer = unwrapped(napari_viewer)
        self._ask, self._confirm = ask, confirm
        self.panel = ReviewPanel()
        self.cases = ReviewCases(napari_viewer, self)
        self.files = ReviewFiles(self)
        self.saying = Saying(self.panel, self.cases, self)
        self.line = SavedLine(self.panel, self.cases.keeping, self._refuse, self)
        self.holding = Holding(self.cases, self.saying.keep, self._agreed, self._refuse, self)
        self.others = OtherMasks(napari_viewer, self.panel.decide, self.cases, self._agreed, self)
        self.blind = BlindRead(napari_viewer, self.cases, self)
        self.comparing = ExamComparing(self.panel.before, self.cases, self)
        self.clock = ReviewClock(self.cases, self)
        fill_with(self, self.panel)
        letters_beside(self, napari_viewer)
        self.one_study = OneStudy(napari_viewer, self)
        self.one_study.hid.connect(partial(self._say, "note"))
        self.setMinimumWidth(_NARROWEST)
        self._connect_panel()
        cases, files = self.cases, self.files
        cases.seen.connect(self._on_seen)
        cases.begun.connect(self._on_begun)
        cases.complete.connect(self._on_complete)
        cases.saved.connect(self._on_saved)
        cases.keeping.stayed.connect(self._come_back)
        cases.noted.connect(partial(self._say, "note"))
        cases.refused.connect(self._refuse)
        files.made.connect(self.open)
        files.begun.connect(self.panel.message.say)
        files.done.connect(partial(self._say, "done"))
        files.refused.connect(self._refuse)
        files.busy.connect(self.panel.start.show_busy)
        files.making.connect(self.panel.start.show_making)
        self.others.taken.connect(partial(self._say, "done"))
        self.blind.said.connect(self._refuse)
        application = QApplication.instance()
        assert application is not None
        application.aboutToQuit.connect(cases.ending)

    def _connect_panel(self) -> None:
        start, whole = self.panel.start, self.panel.whole
        start.open.connect(self.open)
        start.create.connect(self.files.make)
        start.cancel.connect(self.files.cancel)
        self.panel.step.connect(self.step)
        self.panel.table.opened.connect(self.open_case)
        self.panel.decide.moved.connect(self.cases.shifts.move)
        whole.bulk.connect(self._bulk)
        whole.audit.connect(self._audit)
        whole.verify.connect(lambda: self._with_file(self.files.verify))
        whole.export.connect(lambda: self._export("reads.csv", self.files.export))
        whole.training.connect(lambda: self._export("training-set", self.files.training))

    @property
    def said(self) -> str:
        """The sentence that the panel shows, or nothing."""
        return self.panel.message.text()

    def open(self, path: Path) -> None:
        """Open a session, and the case where it was left."""
        desk, told = self.cases.desk, {"done": self._on_opened, "refused": self._refuse}
        self.close_session(partial(self.cases.keeper.ask, desk.open, Path(path), **told))

    def close_session(self, then: Callable[[], object] = lambda: None) -> None:
        """Save everything, close the session, and go on; what cannot be saved keeps it open."""
        self.saying.keep()
        self.cases.keeping.leave(partial(self._close_now, then))

    def _close_now(self, then: Callable[[], object]) -> None:
        self.cases.close()
        self.panel.message.clear()
        self.blind.give_back()
        self.comparing.offer()
        self.panel.show_case(None)
        self.panel.show_session(None, None)
        then()

    def open_case(self, item: int) -> None:
        """Open an item of the worklist once all of the one before is saved."""
        self.saying.keep()
        self.cases.keeping.leave(partial(self._open_now, item))

    def _open_now(self, item: int) -> None:
        self.panel.message.clear()
        self.panel.show_case(None)
        self.cases.open(item)
        self.panel.table.show_current(item)
        self.comparing.offer()

    def step(self, step: int) -> None:
        """Open the next (1) or the previous (-1) item of the list as it is shown."""
        item = self.panel.table.beside(step)
        if item is None:
            self._say("note", "There is no further case in the list, as it is filtered.")
        else:
            self.open_case(item)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Close the session where napari takes the dock away, as a click on its cross does."""
        super().changeEvent(event)
        moved = event is not None and event.type() == QEvent.Type.ParentChange
        if moved and self.parent() is None:
            QTimer.singleShot(0, self._close_if_alone)

    def _close_if_alone(self) -> None:
        if isalive(self) and self.parent() is None:
            # napari forgets the panel then; Qt, not the garbage collector, is to take it apart.
            ask = self.cases.keeper.ask
            self.close_session(partial(ask, lambda: None, done=lambda _: self.deleteLater()))

    @Slot()
    def _come_back(self) -> None:
        if self.parent() is None:  # the dock was closed, and not all could be saved
            self.viewer.window.add_dock_widget(self, name=_TITLE)

    @Slot(object)
    def _on_opened(self, seen: Seen) -> None:
        self.panel.message.clear()
        self.panel.start.fold()
        self.cases.opened(seen)
        self.holding.watch(self)
        self.panel.show_session(seen, None)
        self.opened.emit(seen)
        position = seen.state.position
        to_do = (item.number for item in seen.state.items.values() if item.status == TO_DO)
        first = position.item if position is not None else next(to_do, None)
        if first is not None:
            self.open_case(first)

    @Slot(object)
    def _on_seen(self, seen: Seen) -> None:
        self.panel.show_session(seen, self.cases.wanted)
        if aside := self.blind.look():
            self._refuse(aside)
        self.others.offer()
        self.comparing.offer()

    @Slot(object)
    def _on_begun(self, begun: Begun) -> None:
        self.panel.show_session(begun.seen, begun.item)
        self.panel.show_case(begun)
        self.saying.filled_in()
        if said := " ".join(filter(None, (*begun.notes, self.blind.look()))):
            self._say("note", said)
        self.others.offer()
        self.comparing.offer()
        self.begun.emit(begun.item)

    @Slot(int)
    def _on_complete(self, item: int) -> None:
        now = self.cases.now
        if now is not None:
            self.cases.reader.read_ahead(now.state, self.panel.table.beside(1), now.path)
        self.complete.emit(item)

    @Slot(object)
    def _on_saved(self, saved: Saved) -> None:
        at = self.line.show_saved(saved)
        if saved.changed:
            self.viewer.status = f"saved {at}"
        self.saved.emit(saved)

    @Slot(float)
    def _bulk(self, most: float) -> None:
        now = self.cases.now
        items = confident_items(now.state, most) if now is not None else []
        question = f"Accept {len(items)} case(s) without a look at them?"
        if items and self._agreed(question):
            rule = f"uncertainty at most {most:g}"
            for item in items:  # one at a time: strokes are saved between
                self.cases.do(partial(take_given, item=item))
            said = f"{len(items)} case(s) are accepted without a look ({rule})."
            self.cases.do(
                partial(accept_in_bulk, items=items, rule=rule),
                done=lambda _: self._say(
                    "done", f"{said} An audit sample shows how often wrongly."
                ),
            )

    @Slot(int, int)
    def _audit(self, count: int, seed: int) -> None:
        def drawn(items: list[int]) -> None:
            self._say(
                "done", f"{len(items)} case(s) are to be read again: they need a second read."
            )

        self.cases.do(partial(draw_audit, count=count, seed=seed), done=drawn)

    def _with_file(self, work: Callable[[Path], object]) -> None:
        """Do something with the session's file once all that was asked before is in it."""
        now = self.cases.now
        if now is not None:
            self.saying.write()
            path = now.path
            self.cases.keeper.ask(self.cases.desk.seen, done=lambda _: work(path))

    def _export(self, proposal: str, work: Callable[[Path, Path], object]) -> None:
        target = self._ask(self, "Export", proposal)
        if target is not None:
            self._with_file(lambda path: work(path, target))

    def _agreed(self, question: str) -> bool:
        return self._confirm(self, question)

    @Slot(str)
    def _refuse(self, sentence: str) -> None:
        self._say("refusal", sentence)

    def _say(self, kind: str, sentence: str) -> None:
        self.panel.message.say(sentence, kind)
        self.told.emit(sentence)
