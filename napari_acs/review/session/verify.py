"""Prove that a review file is as it was written: chain, voxels, replayed masks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.session.chain import GENESIS, Event, Head, event_hash, fault_of
from napari_acs.review.session.database import reading
from napari_acs.review.session.fold import EDITS, fold
from napari_acs.review.session.log import page_fault, read_blob, read_events, stray_fault
from napari_acs.review.session.replay import History, delta_of, mask_events
from napari_acs.review.session.schema import changed_rules
from napari_acs.review.session.sense import Senseless, making_sense
from napari_acs.review.session.state import Mask, SessionState
from napari_acs.review.session.voxels import DamagedVoxels, apply_delta, decode_mask


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes
    ----------
    events, masks, snapshots : int
        How many were checked.
    head : Head
        The last event. Who keeps it (every export holds it) can tell later whether events at the
        end were cut off or written anew: the file alone cannot show that.
    bad : int or None
        The first event that is not as it was written; None where all are.
    why : str
        What is wrong; empty where nothing is.
    clock_went_back : tuple of int
        Events with an earlier time than the one before. No fault: clocks are set.
    """

    events: int
    masks: int
    snapshots: int
    head: Head
    bad: int | None
    why: str
    clock_went_back: tuple[int, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.why


class _Bad(Exception):
    def __init__(self, seq: int | None, why: str) -> None:
        super().__init__(why)
        self.seq = seq


def verify(path: Path, known: Head | None = None, *, masks: bool = True) -> Verdict:
    """Go through a review file, event by event, and through every mask, stroke by stroke.

    Parameters
    ----------
    path : Path
    known : Head, optional
        The head that an export gave: the file must hold that event, with that hash.
    masks : bool
        Left out, every event and its voxels are looked at, but no mask is made of them: in a small
        part of the time.

    Raises
    ------
    BadInput
        The file cannot be read at all.
    """
    seen = _Seen()
    with reading(path) as connection:
        try:
            changed = changed_rules(connection)
            if changed:
                raise _Bad(None, f"the rules of the log were changed ({', '.join(changed)})")
            for event in _events(connection):
                seen.check(connection, event)
            _check_blobs(connection)
            _check_known(seen.hashes, known)
            _check_pages(connection)
            # Mask by mask: a session may have more of them than fit into memory.
            replayed = seen.state.masks.values() if masks else ()
            snapshots = sum(_replay(connection, mask) for mask in replayed)
        except (_Bad, Senseless) as bad:
            return replace(seen.verdict(), bad=bad.seq, why=str(bad))
    return seen.verdict(snapshots)


def changed_logs(files: Mapping[str, Path]) -> dict[str, str]:
    """Return what is wrong with the logs of raters' files, by rater; without those that are sound.

    Every event is looked at, no mask is replayed; see `verify`.

    Raises
    ------
    BadInput
        A file cannot be read at all.
    """
    found = {rater: verify(file, masks=False).why for rater, file in files.items()}
    return {rater: why for rater, why in found.items() if why}


def parse_head(said: str) -> Head:
    """Return the head that ``SEQ:HASH`` says, as exports write it.

    Raises
    ------
    BadInput
    """
    number, _, digest = said.strip().partition(":")
    if not number.isdigit() or len(digest) != len(GENESIS):
        raise BadInput(
            f"{said!r} is no head of a log", expected="SEQ:HASH, as review export writes it"
        )
    return Head(int(number), digest.lower())


class _Seen:
    """What the events so far add up to."""

    def __init__(self) -> None:
        self.state = SessionState()
        self.hashes: list[str] = []

    def verdict(self, snapshots: int = 0) -> Verdict:
        state = self.state
        return Verdict(
            len(self.hashes),
            len(state.masks),
            snapshots,
            state.head,
            None,
            "",
            state.clock_went_back,
        )

    def check(self, connection: sqlite3.Connection, event: Event) -> None:
        after = Head(len(self.hashes), self.hashes[-1]) if self.hashes else Head()
        why = fault_of(event, after, read_blob(connection, event.seq))
        if why:
            raise _Bad(after.seq + 1, why)
        with making_sense(event):
            self.state = fold(self.state, event)
        self.hashes.append(event.hash)


def _replay(connection: sqlite3.Connection, mask: Mask) -> int:
    """Go through a mask's edits and compare all that the log says of them; count snapshots."""
    array = np.zeros((0, 0, 0), np.uint8)
    history, snapshots, voxels = History(), 0, 0
    for event in mask_events(connection, mask.id, ("mask", "snapshot", *EDITS)):
        with making_sense(event):
            if event.kind == "mask":
                array = decode_mask(read_blob(connection, event.seq), mask.grid.shape)
                voxels = int(np.count_nonzero(array))
            elif event.kind == "snapshot":
                snapshots += 1
                if not np.array_equal(
                    decode_mask(read_blob(connection, event.seq), array.shape), array
                ):
                    raise DamagedVoxels("a snapshot that is not what the strokes add up to")
                continue
            else:
                delta = delta_of(connection, event)
                apply_delta(array, delta)  # which looks at every voxel that it changes
                voxels += delta.growth
                history = history.after(event)
            said = event.read()
            if said.get("steps", 0) != len(history.done):
                raise DamagedVoxels("a wrong number of steps")
            if said["voxels"] != voxels:
                raise DamagedVoxels("a wrong number of voxels")
    return snapshots


def _events(connection: sqlite3.Connection) -> Iterator[Event]:
    for event in read_events(connection):
        try:
            json.loads(event.data)
            event_hash(event)
        except (ValueError, TypeError, RecursionError) as error:
            raise _Bad(event.seq, f"event {event.seq} was changed") from error
        yield event


def _check_blobs(connection: sqlite3.Connection) -> None:
    seq, why = stray_fault(connection)
    if why:
        raise _Bad(seq, why)


def _check_pages(connection: sqlite3.Connection) -> None:
    """Find an index that leaves events out: masks that are looked up by it would lack them."""
    found = page_fault(connection)
    if found:
        raise _Bad(None, found)


def _check_known(hashes: list[str], known: Head | None) -> None:
    if known is None or known.seq == 0:
        return
    if known.seq > len(hashes):
        raise _Bad(
            len(hashes) + 1,
            f"events were cut off: the log ends at {len(hashes)}, an export knew {known.seq}",
        )
    if hashes[known.seq - 1] != known.hash:
        raise _Bad(known.seq, f"the log up to event {known.seq} is not the one that was exported")
