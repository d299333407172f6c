"""A mask at any event: a full copy, and the strokes since."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.review.session.chain import Event
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.fold import EDITS
from napari_acs.review.session.log import damaged, read_blob, read_events
from napari_acs.review.session.voxels import (
    DamagedVoxels,
    Delta,
    apply_delta,
    decode_delta,
    decode_mask,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.session.state import Mask


@dataclass(frozen=True)
class History:
    """What can be undone and redone, oldest first, as the events that changed voxels."""

    done: tuple[int, ...] = ()
    undone: tuple[int, ...] = ()

    def after(self, event: Event) -> History:
        """Return the history after one more event of the mask.

        Raises
        ------
        DamagedVoxels
            It takes back or repeats what is not next.
        """
        if event.kind in {"stroke", "promotion"}:
            return History((*self.done, event.seq))
        if event.kind not in {"undo", "redo"}:
            return self
        stack = self.done if event.kind == "undo" else self.undone
        if not stack or stack[-1] != event.read()["of"]:
            raise DamagedVoxels(f"an {event.kind} of what is not next")
        if event.kind == "undo":
            return History(self.done[:-1], (*self.undone, stack[-1]))
        return History((*self.done, stack[-1]), self.undone[:-1])


@contextmanager
def replaying(path: Path) -> Iterator[None]:
    """Turn voxels that are not as they were written into a refusal of their file.

    Raises
    ------
    BadInput
    """
    with speaking(path, "cannot be read"):
        try:
            yield
        except DamagedVoxels as error:
            raise damaged(path, str(error)) from error


def read_history(connection: sqlite3.Connection, mask: int) -> History:
    """Return what can be undone and redone in a mask: as many steps as it ever had."""
    done: list[int] = []
    undone: list[int] = []
    for event in mask_events(connection, mask, EDITS):  # `History.after`, in linear time
        if event.kind in {"stroke", "promotion"}:
            done.append(event.seq)
            undone.clear()
        elif event.kind == "undo":
            undone.append(done.pop())
        else:
            done.append(undone.pop())
    return History(tuple(done), tuple(undone))


def mask_at(
    connection: sqlite3.Connection, mask: Mask, seq: int | None = None
) -> NDArray[np.uint8]:
    """Return a mask as it was after an event.

    Parameters
    ----------
    connection : sqlite3.Connection
    mask : Mask
    seq : int, optional
        Left out: as it is now.

    Returns
    -------
    ndarray of uint8, shape (z, y, x)

    Raises
    ------
    DamagedVoxels
        The file is not as it was written.
    """
    seq = 2**62 if seq is None else seq
    full = connection.execute(
        "SELECT max(seq) FROM event WHERE mask = ? AND kind IN ('mask', 'snapshot') AND seq <= ?",
        (mask.id, seq),
    ).fetchone()[0]
    if full is None:
        raise DamagedVoxels(f"no mask {mask.id} at that event")
    array = decode_mask(read_blob(connection, full), mask.grid.shape)
    since = mask_events(connection, mask.id, EDITS, after=full, until=seq)
    for event in since:
        apply_delta(array, delta_of(connection, event))
    return array


def delta_of(connection: sqlite3.Connection, event: Event) -> Delta:
    """Return what an edit changed; an undo is the stroke that it takes back, reversed."""
    if event.kind in {"undo", "redo"}:
        delta = decode_delta(read_blob(connection, event.read()["of"]))
        return delta.reversed() if event.kind == "undo" else delta
    return decode_delta(read_blob(connection, event.seq))


def mask_events(
    connection: sqlite3.Connection,
    mask: int,
    kinds: Iterable[str],
    *,
    after: int = 0,
    until: int = 2**62,
) -> list[Event]:
    """Return the events of a mask, of some kinds, in order."""
    kinds = tuple(kinds)
    marks = ", ".join("?" for _ in kinds)
    where = f"mask = ? AND seq > ? AND seq <= ? AND kind IN ({marks})"
    return list(read_events(connection, where, (mask, after, until, *kinds)))
