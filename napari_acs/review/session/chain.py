"""The hash chain of a review file: every event holds the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
"""What the first event has for the hash of the one before."""


@dataclass(frozen=True)
class Event:
    """One line of the log, as it is stored.

    Attributes
    ----------
    seq : int
        1, 2, 3 ... without a gap; the order that counts, whatever the clock says.
    at : str
        UTC, ISO 8601 with microseconds, as the machine's clock said.
    backwards : int
        1 where that clock said an earlier time than for the event before.
    run : int
        The event that opened the window in which this happened; 0 when the file was made.
    clock_ms : int
        Milliseconds since the window was opened, by a clock that never goes backwards.
    kind : str
        See `napari_acs.review.session.fold`, which says what each kind means.
    item, mask : int or None
        Worklist item and mask that it is about.
    data : str
        Canonical JSON.
    blob_sha256 : str
        Of the bytes that belong to it (voxels), or nothing.
    previous, hash : str
        See `event_hash`.
    """

    seq: int
    at: str
    backwards: int
    run: int
    clock_ms: int
    kind: str
    item: int | None
    mask: int | None
    data: str
    blob_sha256: str
    previous: str
    hash: str = ""

    def read(self) -> dict[str, Any]:
        """Return its data, parsed."""
        parsed: dict[str, Any] = json.loads(self.data)
        return parsed


@dataclass(frozen=True)
class Head:
    """The last event of a log: who has kept it can tell whether events were cut off later."""

    seq: int = 0
    hash: str = GENESIS

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


def canonical(value: Any) -> str:
    """Return JSON of which there is one spelling: sorted keys, no spaces, no NaN, UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as `canonical` takes it: NaN is null, and what JSON does not know a text."""
    said = json.dumps(record, default=str)
    found: dict[str, Any] = json.loads(said, parse_constant=lambda _: None)
    return found


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def event_hash(event: Event) -> str:
    """Hash an event without its own hash: every column, the blob's hash, the hash before it."""
    fields = {name: value for name, value in vars(event).items() if name != "hash"}
    return sha256(canonical(fields).encode("utf-8", "surrogatepass"))


def fault_of(event: Event, after: Head, blob: bytes) -> str:
    """Return why an event is not the one that followed another; nothing where it is.

    Parameters
    ----------
    event : Event
    after : Head
        The event before; ``Head()`` for the first.
    blob : bytes
        What is stored for the event.
    """
    if event.seq != after.seq + 1:
        return f"event {after.seq + 1} is missing"
    if event.previous != after.hash:
        return f"event {event.seq} does not follow the one before"
    if event_hash(event) != event.hash:
        return f"event {event.seq} ({event.kind}) was changed"
    if (sha256(blob) if blob else "") != event.blob_sha256:
        return f"the voxels of event {event.seq} were changed or are missing"
    return ""
