"""The open case: read, shown, saved as it is edited, and put away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.viewer.arriving import say_arrived, say_arriving
from napari_acs.viewer.framing import fit_to_shown
from napari_acs.viewer.review_case import CaseImages, mask_layer, other_layer
from napari_acs.viewer.review_desk import Begun, Desk, Saved, Seen
from napari_acs.viewer.review_screen import CaseScreen
from napari_acs.widgets.collection import Passing
from napari_acs.widgets.review_ending import Last, end_case
from napari_acs.widgets.review_follow import MaskFollower, ReaderFollower
from napari_acs.widgets.review_keeping import Keeping
from napari_acs.widgets.review_reading import CaseReader
from napari_acs.widgets.review_shifts import Shifts
from napari_acs.widgets.review_thread import SessionThread
from napari_acs.widgets.review_turns import Turns

if TYPE_CHECKING:
    from napari.viewer import Viewer


class ReviewCases(QObject):
    """Shows one case at a time, and keeps its mask and the reader's place in the session.

    Signals: ``seen(Seen)`` when the session says something new; ``begun(Begun)`` when a case is
    on screen and can be edited, ``complete(int)`` when its other images are, too; ``saved(Saved)``;
    ``noted(str)`` and ``refused(str)``, sentences. What is not saved yet, `keeping` says.
    """

    seen = Signal(object)
    begun = Signal(object)
    complete = Signal(int)
    saved = Signal(object)
    noted = Signal(str)
    refused = Signal(str)

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.desk = Desk()
        self.keeper = SessionThread(self)
        self.reader = CaseReader(self)
        self.screen = CaseScreen(viewer)
        self.turns = Turns(self)
        self._passing = Passing()
        self.follower = MaskFollower(self)
        self.watch = ReaderFollower(viewer, self)
        self.now: Seen | None = None
        self.images: CaseImages | None = None
        self.opening: int | None = None
        self.wanted: int | None = None
        self.last = Last()
        self.keeping = Keeping(self)
        self.shifts = Shifts(self)
        self.reader.given.connect(self._on_read)
        self.reader.refused.connect(self._on_unread)
        self.follower.due.connect(self._on_due)
        self.watch.moved.connect(self._on_moved)
        self.watch.active.connect(self._on_active)
        viewer.layers.events.removed.connect(self._on_removed)
        # A method of self would be gone before it could be called.
        self.ending = partial(end_case, self.keeper.pool, self.desk, self.last, self._passing)
        self.destroyed.connect(self.ending)

    @property
    def item(self) -> int | None:
        """The item that is on screen."""
        return self.images.item if self.images is not None else None

    def opened(self, seen: Seen) -> None:
        """Take it that a session was opened."""
        self.now = seen
        self._passing.begin(self._viewer)

    def open(self, item: int) -> None:
        """Put the case that is open away, and open another.

        As with `put_away` and `close`, `keeping` is asked before whether the case may be left.
        """
        if self.now is None:
            return
        self.put_away()
        self.opening = self.wanted = item
        self.reader.ask(self.now.state, item, self.now.path)

    def put_away(self) -> None:
        """Take the layers of the open case off the screen; all of it was saved."""
        self.opening = None
        layer = self.follower.layer
        self.follower.follow(None)
        self.last.layer = self.last.typed = None
        self.watch.stop()
        study, self.images = self._study, None
        self.turns.start(self.screen.clearing(study))
        if layer is not None:
            self.keeper.ask(self.desk.leave)

    def close(self) -> None:
        """Close the session."""
        self.put_away()
        self.turns.finish()
        self.reader.forget()
        self.now = self.wanted = None
        self._passing.end()
        self.keeper.ask(self.desk.close)

    def save(self) -> None:
        """Save what is on screen now; while an undo is on its way, that is older than the file."""
        if self.follower.layer is not None and not self.shifts.moving:
            self._save(self.follower.painted)

    def look(self, mask: int) -> None:
        """Show another's mask beside the reader's."""
        if self.now is not None and self.item is not None:
            self.keeper.ask(
                self.desk.array, mask, done=partial(self._on_other, mask), refused=self.refused.emit
            )

    def reveal(self) -> None:
        """Show the masks of others, after a first read."""
        if self.images is not None:
            self.save()
            self.keeper.ask(
                self.desk.reveal, self.images, done=self._on_revealed, refused=self.refused.emit
            )

    def do(
        self,
        work: Callable[..., Any],
        done: Callable[[Any], object] | None = None,
        refused: Callable[[str], object] | None = None,
    ) -> None:
        """Save, do something with the session, and tell what it says then."""
        self.save()

        def told(answer: tuple[Any, Seen]) -> None:
            self._tell(answer[1])
            if done is not None:
                done(answer[0])

        self.keeper.ask(self.desk.do, work, done=told, refused=refused or self.refused.emit)

    @property
    def _study(self) -> str:
        if self.now is None or self.images is None:
            return ""
        return self.now.state.items[self.images.item].shown_name

    def _tell(self, seen: Seen) -> None:
        if self.now is not None and seen.path == self.now.path:
            self.now = seen
            self.seen.emit(seen)

    @Slot(object)
    def _on_read(self, images: CaseImages) -> None:
        if images.item == self.opening:
            self.keeper.ask(
                self.desk.begin,
                images,
                done=partial(self._on_begun, images),
                refused=partial(self._on_unread, images.item),
            )

    @Slot(int, str)
    def _on_unread(self, item: int, sentence: str) -> None:
        if item == self.opening:
            self.opening = None
            self.refused.emit(sentence)

    def _on_begun(self, images: CaseImages, begun: Begun) -> None:
        if images.item != self.opening or not isalive(self):
            return
        self._tell(begun.seen)
        self.turns.start(self._showing(images, begun))

    def _showing(self, images: CaseImages, begun: Begun) -> Iterator[None]:
        """Add the layers; napari holds the window for each, so the window may breathe between.

        First the image that covers the others, and the mask: the reader can begin with these.
        """
        *covered, top = images.layers or (None,)
        if images.item != self.opening:
            return
        under = self.screen.add(top) if top is not None else None
        if covered:
            say_arriving(self.screen.layers)
        yield
        if images.item != self.opening:
            return
        case = begun.seen.state.items[begun.item].shown_name
        layer = self.screen.add_mask(mask_layer(begun.shown, begun.mask, case, images, begun.root))
        fit_to_shown(self._viewer)
        self.screen.look_at(begun.at)
        self.watch.stop()
        self.images, self.opening = images, None
        self.follower.follow(layer)
        self.last.layer = layer
        self.begun.emit(begun)
        for left, described in enumerate(covered, 1 - len(covered)):
            yield
            if self.images is not images:
                return
            if not left:  # before the last is there: who listens for it may segment at once
                say_arrived(self.screen.layers)
            assert described is not None and under is not None
            self.screen.add_under(described, under)
        self.complete.emit(begun.item)

    @Slot(bool)
    def _on_due(self, painted: bool) -> None:
        if self.keeping.leaving:  # which asks again, and goes on when that is known to be saved
            self.follower.put_off(painted=painted)
        else:
            self._save(painted)

    def _save(self, painted: bool) -> None:
        layer = self.follower.layer
        if layer is not None:
            self.keeper.ask(
                self.desk.save,
                layer.data,
                painted=painted,
                done=self.told_saved,
                refused=self._on_unsaved,
            )

    def told_saved(self, saved: Saved) -> None:
        """Take it that the mask is on the disk."""
        if saved.root is not None:
            self.screen.begin_from(saved.root)
        self.saved.emit(saved)
        if saved.seen is not None:
            self._tell(saved.seen)

    def _on_unsaved(self, sentence: str) -> None:
        self.keeping.refused(sentence)

    def show_mask(self) -> None:
        """Put the mask's layer back that was closed, and could not be saved."""
        layer = self.follower.layer
        if layer is not None and layer not in self._viewer.layers:
            self._viewer.add_layer(layer)

    def _on_other(self, mask: int, labels: Any) -> None:
        if self.now is None or self.images is None:
            return
        known = self.now.state.masks.get(mask)
        if known is not None and known.item == self.images.item:
            self.screen.add_outline(other_layer(labels, known, self._study, self.images))

    def _on_revealed(self, answer: tuple[tuple[str, ...], Seen]) -> None:
        notes, seen = answer
        self._tell(seen)
        if notes:
            self.noted.emit(" ".join(notes))

    def _on_moved(self) -> None:
        if self.screen.mask is not None:
            self.keeper.ask(self.desk.stay, self.screen.at, refused=self.refused.emit)

    def _on_active(self) -> None:
        if self.follower.layer is not None:
            self.keeper.ask(self.desk.stay, None, refused=self.refused.emit)

    def _on_removed(self, event: Any) -> None:
        if isalive(self) and event.value is self.follower.layer:
            self.keeping.leave(self._on_layer_closed)

    def _on_layer_closed(self) -> None:
        self.put_away()
        self.refused.emit("The mask's layer was closed. It is saved: open the case again to go on.")
