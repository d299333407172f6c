"""Keeps a mask of a session equal to the layer that it is shown and edited in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.session.log import read_blob
from napari_acs.review.session.voxels import decode_delta
from napari_acs.viewer.review_order import ScreenOrder
from napari_acs.viewer.review_steps import steps_to

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.session.editing import Changed, MaskEditor
    from napari_acs.review.session.session import Session

Way = Literal["undo", "redo"]
_AT_ONCE = 100
"""Steps that can be taken back between two looks at the layer: napari keeps no more."""


@dataclass(frozen=True, eq=False)
class Shift:
    """What the layer is to show now: an index of its array (z, y, x), and the labels (n,)."""

    indices: tuple[NDArray[np.int64], ...]
    labels: NDArray[np.uint8]


class OtherShape(BadInput):
    """The layer holds another array than the case's mask, which no file of ours can take."""


class Journal:
    """Writes what changed on the screen as strokes, and tells what an undo changes there.

    Lives in the thread that owns the session. It holds a copy of the mask as the session has it,
    in the order of the screen: what differs from it is not saved yet.
    """

    def __init__(self, session: Session, editor: MaskEditor) -> None:
        self._session = session
        self.editor = editor
        self.order = ScreenOrder(editor.mask.grid)
        self._saved = self.order.on_screen(editor.array)

    @property
    def saved(self) -> NDArray[np.uint8]:
        """A copy of the mask (z, y, x as shown), for a layer to edit."""
        return self._saved.copy()

    def save(self, shown: NDArray[Any], *, painted: bool, tool: str = "") -> bool:
        """Record how the layer's array differs from the session's mask; False where it does not.

        What is the last edits taken back (or repeated) and was not painted is recorded as undos
        (or redos): the session's steps and those of the layer then go together.

        Parameters
        ----------
        shown : array of int, shape (z, y, x) as shown
            May be edited meanwhile: what is missed now differs still, the next time.
        painted : bool
            Whether a tool drew since the last time.
        tool : str
            For the log.

        Raises
        ------
        BadInput
            Another shape, a label that no mask holds, or it could not be saved.
        """
        if shown.shape != self._saved.shape:
            raise OtherShape(
                "The mask on screen is not saved any more",
                found=f"an array of shape {shown.shape}",
                expected=f"{self._saved.shape} (z, y, x)",
                do="Open the case again; all that was saved before is there",
            )
        at = differing(self._saved, shown)
        if not at.size:
            return False
        now = np.ascontiguousarray(shown).reshape(-1)[at]
        if now.min() < 0 or now.max() > 255:
            raise BadInput(
                "The mask on screen cannot be saved",
                found=f"label {int(now.max()) if now.max() > 255 else int(now.min())}",
                expected="labels from 0 to 255",
                do="Undo that step",
            )
        labels = now.astype(np.uint8)
        way, times = (None, 0) if painted else self._way(at, labels)
        if way is None:
            self.editor.stroke(self.order.kept(at), labels, tool)
        for _ in range(times):
            getattr(self.editor, way or "undo")()
        self._saved.reshape(-1)[at] = labels
        return True

    def move(self, way: Way) -> Shift | None:
        """Take the last edit back, or repeat it; None where there is none."""
        changed: Changed | None = getattr(self.editor, way)()
        return None if changed is None else self._follow(changed)

    def promote(self, prediction: int) -> Shift:
        """Put a prediction in the place of the mask; the user was asked."""
        return self._follow(self.editor.promote(prediction, replace_human_work=True))

    def _follow(self, changed: Changed) -> Shift:
        at = self.order.shown(changed.indices)
        self._saved.reshape(-1)[at] = changed.labels
        return Shift(np.unravel_index(at, self._saved.shape), changed.labels)

    def _way(self, at: NDArray[np.int64], labels: NDArray[np.uint8]) -> tuple[Way | None, int]:
        """Return which steps of the session these voxels are, and how many; none: None, 0."""
        history = self.editor.history
        ways: tuple[tuple[Way, tuple[int, ...]], ...] = (
            ("undo", history.done),
            ("redo", history.undone),
        )
        now, kept = self.editor.array.reshape(-1), self.order.kept(at)
        for way, stack in ways:
            if times := steps_to(now, kept, labels, self._steps(way, stack[-_AT_ONCE:])):
                return way, times
        return None, 0

    def _steps(
        self, way: Way, stack: Sequence[int]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
        """Read what each step sets, the last of the stack first."""
        for step in reversed(stack):
            delta = decode_delta(read_blob(self._session.log.connection, step))
            delta = delta.reversed() if way == "undo" else delta
            yield delta.indices, delta.new


def differing(before: NDArray[np.uint8], after: NDArray[Any]) -> NDArray[np.int64]:
    """Return the indices into the flattened arrays (z, y, x) where they differ, ascending.

    Slice by slice: most are equal, and each fits a processor's cache (240x240x155 voxels: 2 ms).
    """
    plane = before[0].size
    found = [
        np.flatnonzero(before[z] != after[z]) + z * plane
        for z in range(len(before))
        if not np.array_equal(before[z], after[z])
    ]
    return np.concatenate(found) if found else np.empty(0, np.int64)
