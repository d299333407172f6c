"""The Models dock: wires the panel and the store; everything on disk is done in a worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from napari.qt.threading import thread_worker
from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal, Slot
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_acs.viewer.unwrapped import unwrapped
from napari_acs.widgets.models_actions import Folders, ModelActions, store_actions
from napari_acs.widgets.models_card import CardDialog
from napari_acs.widgets.models_panel import ModelsPanel
from napari_acs.widgets.models_work import (
    Answer,
    Changed,
    Listing,
    Outcome,
    Verified,
    add_all,
    answered,
    look,
    verify_all,
)
from napari_acs.widgets.scrolled import fill_with
from napari_acs.widgets.working import in_worker

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.widgets.models_rows import ModelRow

AskModel = Callable[[QWidget, bool], Path | None]
"""Asks for a folder (True) or a file."""
Confirm = Callable[[QWidget, str], bool]
_FILTER = "Models (*.zip *.safetensors *.pt *.pth *.tar *.ts);;All files (*)"


@runtime_checkable
class _ShowsModels(Protocol):
    def refresh_models(self) -> None: ...


class ModelsDock(QWidget):
    """What ``Plugins > Models (napari-acs)`` opens.

    Signals: ``listed()`` when the models are shown; ``verified()`` when all weights have been
    checked; ``changed()`` when a model was added or removed, or another is the default.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer; panels in its window that show models are told of changes.
    actions : ModelActions
        What lists and changes models, each run in a worker; others in tests.
    ask, confirm : callable
        What asks for a file or a folder, and whether to remove a model.
    """

    listed = Signal()
    verified = Signal()
    changed = Signal()

    def __init__(
        self,
        napari_viewer: Viewer,
        actions: ModelActions | None = None,
        ask: AskModel | None = None,
        confirm: Confirm | None = None,
    ) -> None:
        super().__init__()
        self.viewer = napari_viewer = unwrapped(napari_viewer)
        self.panel = ModelsPanel()
        self._actions = actions or store_actions()
        self._ask = ask or ask_model
        self._confirm = confirm or confirm_removal
        self._listing: Listing | None = None
        self._stops: list[Event] = []
        self._busy = False
        # a method of self would be gone before it could be called
        self.destroyed.connect(partial(_stop_all, self._stops))
        self.setAcceptDrops(True)
        fill_with(self, self.panel)
        panel = self.panel
        panel.add_clicked.connect(self._on_add)
        panel.default_clicked.connect(self._on_default)
        panel.remove_clicked.connect(self._on_remove)
        panel.card_clicked.connect(self._on_card)
        panel.folders.saved.connect(self._on_folders)
        self.changed.connect(partial(refresh_panels, napari_viewer))
        self.refresh()

    @property
    def said(self) -> str:
        """The sentence that the panel shows, or nothing."""
        return self.panel.message.text()

    def refresh(self) -> None:
        """List the models anew; a change that is being made does so by itself."""
        if self._busy:
            return
        self._set_busy(True)
        self._run(partial(look, self._actions), self._on_listed)

    def add(self, paths: Sequence[Path]) -> None:
        """Take in models, one after the other; what is refused is said, the others are kept."""
        if self._busy:
            self.panel.message.say("Wait until the work in hand is done, then add it.", "note")
        elif paths:
            words = ", ".join(path.name for path in paths)
            self._change(partial(add_all, self._actions, paths), f"Adding {words} ...")

    def dragEnterEvent(self, event: Any) -> None:  # noqa: N802
        """Take dropped files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:  # noqa: N802
        """Take in what was dropped, as models."""
        urls = event.mimeData().urls()
        self.add([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])
        event.acceptProposedAction()

    @Slot(bool)
    def _on_add(self, folder: bool) -> None:
        path = self._ask(self, folder)
        if path is not None:
            self.add([path])

    @Slot(object)
    def _on_default(self, row: ModelRow) -> None:
        done = f"{row.title} is what Segment offers first now."
        self._change(partial(self._actions.set_default, row.id), "", done)

    @Slot(object)
    def _on_remove(self, row: ModelRow) -> None:
        question = f"Remove {row.title}?\n\n{row.path} is deleted from the disk."
        if self._confirm(self, question):
            done = f"Removed {row.title}."
            self._change(partial(self._actions.remove, row), f"Removing {row.title} ...", done)

    @Slot(object)
    def _on_folders(self, folders: Folders) -> None:
        self._change(partial(self._actions.set_folders, folders), "", "Saved the folders.")

    @Slot(object)
    def _on_card(self, row: ModelRow) -> None:
        self._run(partial(self._actions.card, row), partial(self._show_card, row.title))

    def _show_card(self, title: str, outcome: Outcome) -> None:
        if outcome.refusal:
            self.panel.message.say(outcome.refusal, "refusal")
            return
        dialog = CardDialog(title, outcome.value, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def _change(self, work: Callable[[], Any], doing: str, done: str = "") -> None:
        """Change the store, then list it anew and say what came of it."""
        if self._busy:
            return
        self._set_busy(True)
        self.panel.message.say(doing)
        before = {row.path for row in self._listing.rows} if self._listing else set()

        def and_look() -> Changed:
            refusals = work() or ()
            return Changed(look(self._actions), tuple(refusals))

        self._run(and_look, partial(self._on_changed, before, done))

    def _on_changed(self, before: set[Path], done: str, outcome: Outcome) -> None:
        self._set_busy(False)
        if outcome.refusal:
            self.panel.message.say(outcome.refusal, "refusal")
            return
        change: Changed = outcome.value
        new = [row for row in change.listing.rows if row.path not in before]
        chosen = self.panel.table.chosen
        self._show(change.listing, new[0].path if new else chosen.path if chosen else None)
        added = f"Added {', '.join(row.title for row in new)}." if new and not done else ""
        words = " ".join(filter(None, (done, added, *change.refusals)))
        self.panel.message.say(words, "refusal" if change.refusals else "done")
        self.changed.emit()

    def _on_listed(self, outcome: Outcome) -> None:
        self._set_busy(False)
        if outcome.refusal:
            self.panel.message.say(outcome.refusal, "refusal")
        else:
            self._show(outcome.value)
            self.panel.message.say(outcome.value.note)
        self.listed.emit()

    def _show(self, listing: Listing, choose: Path | None = None) -> None:
        if self._listing is not None:
            self._listing.stop.set()
        self._listing = listing
        self._stops[:] = [listing.stop]
        self.panel.show_rows(listing.rows, choose)
        self.panel.folders.show_folders(listing.folders)
        worker = thread_worker(verify_all)(self._actions.verify, listing)
        worker.yielded.connect(self._on_verified)
        worker.returned.connect(self._on_all_verified)
        worker.start()

    @Slot(object)
    def _on_verified(self, one: Verified) -> None:
        if isalive(self) and one.listing is self._listing:
            self.panel.show_verified({one.path: one.why})

    @Slot(object)
    def _on_all_verified(self, listing: Listing) -> None:
        if isalive(self) and listing is self._listing:
            self.verified.emit()

    def _set_busy(self, on: bool) -> None:
        self._busy = on
        self.panel.set_busy(on)

    def _run(self, work: Callable[[], Any], done: Callable[[Outcome], None]) -> None:
        in_worker(answered, work, done, done=self._on_answer)

    @Slot(object)
    def _on_answer(self, answer: Answer) -> None:
        if isalive(self):
            answer.done(answer.outcome)


def refresh_panels(viewer: Viewer) -> None:
    """Tell the panels in the viewer's window that show models, if any, to list them anew."""
    docked = viewer.window.dock_widgets
    for name in list(docked):
        widget = docked[name]
        if isinstance(widget, QWidget) and isinstance(widget, _ShowsModels):
            widget.refresh_models()


def ask_model(window: QWidget, folder: bool) -> Path | None:
    """Ask for a model's folder or file."""
    if folder:
        chosen = QFileDialog.getExistingDirectory(window, "Add a model's folder")
    else:
        chosen, _ = QFileDialog.getOpenFileName(window, "Add a model", "", _FILTER)
    return Path(chosen) if chosen else None


def confirm_removal(window: QWidget, question: str) -> bool:
    """Ask whether to remove a model; No is what Return means."""
    yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
    return QMessageBox.question(window, "Remove a model", question, yes | no, no) == yes


def _stop_all(stops: list[Event], *_: object) -> None:
    for stop in stops:
        stop.set()
