"""An open session and the mask in hand: all that the Review panel asks of them.

SQLite's connection belongs to the thread that made it, so a `Desk` is used from one thread only;
what it returns is immutable or a copy, for another.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from napari_acs.errors import BadInput
from napari_acs.review.session.activity import times
from napari_acs.review.session.decisions import go_to, reveal
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.replay import mask_at, replaying
from napari_acs.review.session.session import Session, open_session
from napari_acs.review.session.worklist import Row, rows
from napari_acs.viewer.review_begin import mask_in_hand, take_given
from napari_acs.viewer.review_case import CaseImages
from napari_acs.viewer.review_journal import Journal, OtherShape, Shift, Way
from napari_acs.viewer.review_root import BegunFrom, begun_from, root_id

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.session.state import Mask, SessionState

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Seen:
    """What a session says now, for the panel: its state, and the worklist in the plan's order."""

    path: Path
    state: SessionState
    rows: tuple[Row, ...]
    undoable: bool = False
    redoable: bool = False


@dataclass(frozen=True, eq=False)
class Begun:
    """A case that was opened: the reader's mask of it, and where they were in it.

    ``shown`` is the mask's array (z, y, x) in the order of the screen, a copy for the layer;
    ``root`` what it was begun from; ``at`` the index of ``shown`` that was in view, or None.
    """

    seen: Seen
    item: int
    mask: Mask
    shown: NDArray[Any]
    root: BegunFrom
    at: tuple[int, int, int] | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Saved:
    """An edit that is on the disk; ``changed`` is False where there was none.

    ``steps`` are those of the mask that are not undone; ``root`` is what the mask was begun from,
    where this is another now: after a promotion, or once that is undone.
    """

    changed: bool
    steps: int
    undoable: bool
    redoable: bool
    seen: Seen | None = field(default=None)
    root: BegunFrom | None = None


class Desk:
    """One session, open for work, and at most one case of it."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._session: Session | None = None
        self._journal: Journal | None = None
        self._status = ""
        self._root: int | None = None

    @property
    def session(self) -> Session:
        """The session.

        Raises
        ------
        BadInput
            None is open.
        """
        if self._session is None:
            raise BadInput("No session is open", do="Open one, or make a new one")
        return self._session

    def open(self, path: Path) -> Seen:
        """Close what is open, and open a session for work; see `open_session` for refusals."""
        self.close()
        self._session = self._open.enter_context(open_session(path))
        return self.seen()

    def close(self) -> None:
        """Close the session; everything is in its file."""
        self._session = self._journal = None
        self._open.close()

    def seen(self) -> Seen:
        """Return what the session says now."""
        session = self.session
        spent = times(session.log.connection, session.state.idle_s)
        found = tuple(rows(session.state, spent, to_reader=True))
        history = self._journal.editor.history if self._journal else None
        return Seen(
            session.path,
            session.state,
            found,
            bool(history and history.done),
            bool(history and history.undone),
        )

    def begin(self, images: CaseImages) -> Begun:
        """Open an item: the mask that its reader edited last, or a new one."""
        session, number = self.session, images.item
        line = session.item(number)
        position = session.state.position
        if position is not None and position.item != number:
            position = None
        notes = (*images.notes, *take_given(session, images))
        mask = mask_in_hand(session, images)
        editor = MaskEditor(session, mask.id)
        self._journal = Journal(session, editor)
        self._status = line.status
        go_to(session, number, position.index if position else None, mask.id)
        root = begun_from(session, root_id(session, mask))
        self._root = root.mask
        shown = self._journal.saved
        index = position.index if position is not None and position.mask == mask.id else None
        at = self._journal.order.point_shown(index) if index is not None else None
        return Begun(self.seen(), number, mask, shown, root, at, notes)

    def leave(self) -> None:
        """Put the case away; a copy that is made of the file now has it, also without ``-wal``."""
        self._journal = None
        if self._session is not None:
            self._session.log.settle()

    def stay(self, shown: tuple[int, int, int] | None) -> None:
        """Record that the reader is there, at an index (z, y, x) of the shown array."""
        if self._journal is None:
            return
        mask = self._journal.editor.mask
        index = None if shown is None else self._journal.order.point_kept(shown)
        position = self.session.state.position
        if index is None and position is not None and position.item == mask.item:
            index = position.index
        go_to(self.session, mask.item, index, mask.id)

    def reveal(self, images: CaseImages) -> tuple[tuple[str, ...], Seen]:
        """Show the masks of others, after a first read."""
        reveal(self.session, images.item)
        return take_given(self.session, images), self.seen()

    def save(self, shown: NDArray[Any], *, painted: bool) -> Saved:
        """Record what was edited on screen; see `Journal.save`."""
        journal = self.journal
        changed = journal.save(shown, painted=painted, tool="painted" if painted else "edited")
        return self._saved(changed)

    def keep(
        self,
        shown: NDArray[Any] | None,
        at: tuple[int, int, int] | None,
        typed: Callable[[Session], BadInput | None] | None,
        *,
        painted: bool,
    ) -> tuple[Saved, BadInput | None]:
        """Record all that is not in the file yet of the open case; then it may be left.

        Parameters
        ----------
        shown : ndarray or None
            Of the layer, see `save`. One of another shape can never be saved, and is let go.
        at : tuple of int, or None
            What is in view, see `stay`.
        typed : callable or None
            Writes what was typed, and returns the refusal of what does not fit.
        painted : bool

        Raises
        ------
        BadInput
            The disk refused, or the mask cannot be saved as it is.
        """
        saved = self._saved(changed=False)
        if shown is not None:
            with suppress(OtherShape):
                saved = self.save(shown, painted=painted)
        misfit = typed(self.session) if typed is not None else None
        self.stay(at)
        return (saved if typed is None else replace(saved, seen=self.seen())), misfit

    def move(self, way: Way, shown: NDArray[Any]) -> tuple[Shift | None, Saved]:
        """Undo or redo an edit of the session, after saving what is on screen."""
        self.journal.save(shown, painted=False, tool="edited")
        shift = self.journal.move(way)
        return shift, self._saved(shift is not None)

    def promote(self, prediction: int, shown: NDArray[Any]) -> tuple[Shift | None, Saved]:
        """Put another's mask in the place of the reader's, after saving what is on screen."""
        self.journal.save(shown, painted=False, tool="edited")
        return self.journal.promote(prediction), self._saved(changed=True)

    def do(self, work: Callable[[Session], T]) -> tuple[T, Seen]:
        """Do something with the session, and return what came of it, and what it says now."""
        answer = work(self.session)
        seen = self.seen()
        if self._journal is not None:
            self._status = self.session.item(self._journal.editor.mask.item).status
        return answer, seen

    def array(self, mask: int) -> NDArray[Any]:
        """Return a mask's labels now (z, y, x on its grid)."""
        session = self.session
        with replaying(session.path):
            return mask_at(session.log.connection, session.state.masks[mask])

    @property
    def journal(self) -> Journal:
        """Of the open case.

        Raises
        ------
        BadInput
            None is open.
        """
        if self._journal is None:
            raise BadInput("No case is open", do="Open one from the worklist")
        return self._journal

    def _saved(self, changed: bool) -> Saved:
        history = self.journal.editor.history
        root = self._other_root() if changed else None
        steps = len(history.done)
        saved = Saved(changed, steps, bool(steps), bool(history.undone), root=root)
        status = self.session.item(self.journal.editor.mask.item).status
        if status == self._status:
            return saved
        self._status = status  # the first edit of a case, or of a decided one
        return replace(saved, seen=self.seen())

    def _other_root(self) -> BegunFrom | None:
        """Return what the mask in hand is begun from, if that is another than before."""
        root = root_id(self.session, self.journal.editor.mask)
        if root == self._root:
            return None
        self._root = root
        return begun_from(self.session, root)
