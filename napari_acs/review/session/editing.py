"""Edit one mask: strokes, undo, redo, and a machine's mask put in the place of human work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.session.log import Draft, read_blob
from napari_acs.review.session.replay import History, mask_at, read_history, replaying
from napari_acs.review.session.voxels import (
    Delta,
    apply_delta,
    decode_delta,
    delta_between,
    delta_to,
    encode_delta,
    encode_mask,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_acs.review.session.session import Session
    from napari_acs.review.session.state import Mask

SNAPSHOT_EVERY = 64
"""Edits after which the whole mask is stored again: no more deltas are read at a reopening."""


@dataclass(frozen=True, eq=False)
class Changed:
    """What an edit changed, for the screen: flat indices (n,) and their labels now (n,)."""

    indices: NDArray[np.int64]
    labels: NDArray[np.uint8]


class MaskEditor:
    """A mask of an open session that is being edited, every step of it on the disk.

    Raises
    ------
    BadInput
        A prediction or an imported mask (`masks.start_from` makes a copy of it), or a damaged
        file.
    """

    def __init__(self, session: Session, mask: int) -> None:
        self._session = session
        self.id = mask
        if self.mask.origin != "human":
            raise BadInput(
                f"{self.mask.title} is not edited itself",
                found=f"a mask whose origin is {self.mask.origin}",
                expected="a mask of the reader",
                do="Start a mask from it",
            )
        connection = session.log.connection
        with replaying(session.path):
            self._array = mask_at(connection, self.mask)
            self._history = read_history(connection, mask)
            since = connection.execute(
                "SELECT count(*) FROM event WHERE mask = ?1 AND seq > (SELECT max(seq) FROM event "
                "WHERE mask = ?1 AND kind IN ('mask', 'snapshot'))",
                (mask,),
            ).fetchone()[0]
        self._since_snapshot = int(since)

    @property
    def mask(self) -> Mask:
        """Its description now."""
        return self._session.state.masks[self.id]

    @property
    def array(self) -> NDArray[np.uint8]:
        """Labels (z, y, x); a read-only view that follows the edits."""
        view = self._array.view()
        view.flags.writeable = False
        return view

    @property
    def history(self) -> History:
        """What can be undone and redone."""
        return self._history

    @property
    def holds_human_work(self) -> bool:
        """Whether a reader drew in it, here or (imported, or begun as a drawing) before."""
        parent = self._session.state.masks.get(self.mask.parent or 0)
        from_machine = parent is not None and parent.origin == "machine"
        return self.mask.steps > 0 or (self.mask.begun_with > 0 and not from_machine)

    def stroke(self, indices: ArrayLike, labels: ArrayLike, tool: str = "") -> Changed:
        """Put labels into the mask.

        Parameters
        ----------
        indices : array of int, shape (n,)
            Into the flattened (z, y, x) array; see `voxels.delta_to`.
        labels : int, or array of int, shape (n,)
        tool : str
            What drew them, for the log.

        Returns
        -------
        Changed
            Empty where nothing changed; then nothing is logged.

        Raises
        ------
        BadInput
            It could not be saved; the mask is as it was.
        """
        delta = delta_to(self._array, indices, labels)
        return self._edit("stroke", delta, {"tool": tool}) if delta.indices.size else _seen(delta)

    def set_to(self, labels: NDArray[np.uint8], tool: str = "") -> Changed:
        """Make the mask equal to an array (z, y, x), as one stroke; see `stroke`.

        Raises
        ------
        BadInput
            Another shape, or it could not be saved.
        """
        delta = delta_between(self._array, checked(labels, self.mask))
        return self._edit("stroke", delta, {"tool": tool}) if delta.indices.size else _seen(delta)

    def promote(self, prediction: int, *, replace_human_work: bool = False) -> Changed:
        """Put a machine's (or an imported) mask in the place of this one; can be undone.

        Raises
        ------
        BadInput
            The mask holds human work and ``replace_human_work`` is False, the prediction is of
            another item or may not be seen, or it could not be saved.
        """
        source = self._session.state.masks.get(prediction)
        item = self._session.item(self.mask.item)
        if source is None or source.item != item.number or source.origin == "human":
            raise BadInput(
                f"mask {prediction} cannot be promoted",
                expected=f"a prediction or an imported mask of item {item.number}",
            )
        if not item.sees_others:
            raise BadInput(
                f"item {item.number} is read without the masks of others",
                do="Decide it first" if item.ai == "after" else "",
            )
        if self.holds_human_work and not replace_human_work:
            raise BadInput(
                f"{self.mask.title} holds human work ({self.mask.steps} edits)",
                expected="a word that it may be replaced",
                do=f"Promote {source.title} explicitly; the work stays in the log, and undo "
                "brings it back",
            )
        with replaying(self._session.path):
            array = mask_at(self._session.log.connection, source)
        delta = delta_between(self._array, checked(array, self.mask))
        data = {"from": prediction, "replaced_steps": self.mask.steps}
        return self._edit("promotion", delta, data)

    def undo(self) -> Changed | None:
        """Take back the last edit that is not undone; None where there is none."""
        return self._move("undo", self._history.done)

    def redo(self) -> Changed | None:
        """Repeat the last edit that was undone; None where there is none."""
        return self._move("redo", self._history.undone)

    def _move(self, kind: str, stack: tuple[int, ...]) -> Changed | None:
        if not stack:
            return None
        with replaying(self._session.path):
            delta = decode_delta(read_blob(self._session.log.connection, stack[-1]))
        delta = delta.reversed() if kind == "undo" else delta
        return self._edit(kind, delta, {"of": stack[-1]}, stored=False)

    def _edit(
        self, kind: str, delta: Delta, data: dict[str, Any], *, stored: bool = True
    ) -> Changed:
        count = len(self._history.done)
        steps = count - 1 if kind == "undo" else count + 1
        said = {**data, "voxels": self.mask.voxels + delta.growth, "steps": steps}
        blob = encode_delta(delta) if stored else None
        drafts = [Draft(kind, self.mask.item, self.id, said, blob)]
        apply_delta(self._array, delta)
        due = self._since_snapshot + 1 >= SNAPSHOT_EVERY
        try:
            if due:
                full = encode_mask(self._array)
                drafts.append(Draft("snapshot", self.mask.item, self.id, blob=full))
            events = self._session.record(*drafts)
        except BaseException:
            apply_delta(self._array, delta.reversed())
            raise
        self._since_snapshot = 0 if due else self._since_snapshot + 1
        self._history = self._history.after(events[0])
        return _seen(delta)


def checked(labels: NDArray[Any], mask: Mask) -> NDArray[np.uint8]:
    """Return labels (z, y, x) that fit a mask, as uint8.

    Raises
    ------
    BadInput
        Another shape, or values that are no whole numbers from 0 to 255.
    """
    if labels.shape != mask.grid.shape:
        raise BadInput(
            f"labels do not fit {mask.title}",
            found=f"an array of shape {labels.shape}",
            expected=f"{mask.grid.shape} (z, y, x)",
        )
    return as_labels(labels)


def as_labels(labels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return labels as uint8; refuses values that are no whole numbers from 0 to 255."""
    if labels.dtype == np.uint8:
        return labels
    if labels.dtype.kind not in "iub" or not 0 <= labels.min() <= labels.max() <= 255:
        raise BadInput(
            "The labels do not fit a mask",
            found=f"values from {labels.min()} to {labels.max()}",
            expected="whole numbers from 0 to 255",
        )
    return labels.astype(np.uint8)


def _seen(delta: Delta) -> Changed:
    return Changed(delta.indices, delta.new)
