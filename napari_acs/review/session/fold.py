"""From events to the state of a session: what each kind of event means."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_acs.imaging.grid import Grid
from napari_acs.review.session.chain import Event, Head
from napari_acs.review.session.log import damaged, read_events
from napari_acs.review.session.sense import Senseless, making_sense
from napari_acs.review.session.state import (
    ACCEPTED,
    IN_PROGRESS,
    SECOND_READ,
    TO_DO,
    Audit,
    Case,
    Item,
    Mask,
    Position,
    Read,
    SessionState,
)

EDITS = ("stroke", "promotion", "undo", "redo")
"""Kinds that change a mask's voxels."""
_OFTEN = ("stroke", "undo", "redo", "snapshot", "active")
"""Of these only the last of each mask counts here; a promotion is rare, and more than an edit."""
_LOG_DIGITS = 12


def read_state(connection: sqlite3.Connection) -> SessionState:
    """Return the state that a file's events add up to.

    Raises
    ------
    BadInput
        An event makes no sense. Whether all are as they were written, `verify` says.
    """
    marks = ", ".join("?" for _ in _OFTEN)
    edits = ", ".join("?" for _ in EDITS)
    where = (
        f"kind NOT IN ({marks}) OR backwards OR seq IN "
        f"(SELECT max(seq) FROM event WHERE kind IN ({edits}) GROUP BY mask)"
    )
    state = SessionState()
    for event in read_events(connection, where, (*_OFTEN, *EDITS)):
        try:
            with making_sense(event):
                state = fold(state, event)
        except Senseless as senseless:
            raise damaged(_file_of(connection), str(senseless)) from senseless
    row = connection.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    return replace(state, head=Head(*row)) if row else state


def fold(state: SessionState, event: Event) -> SessionState:
    """Return the state after one more event; kinds without meaning for it change nothing."""
    step = _STEPS.get(event.kind)
    data = event.read()
    if step is not None:
        state = step(state, event, data)
    if event.backwards:
        state = replace(state, clock_went_back=(*state.clock_went_back, event.seq))
    return replace(state, head=Head(event.seq, event.hash))


def _file_of(connection: sqlite3.Connection) -> Path:
    return Path(connection.execute("PRAGMA database_list").fetchone()[2])


def grid_record(grid: Grid) -> dict[str, Any]:
    """Return a grid as JSON holds it, every bit of its numbers included."""
    return {
        "size": list(grid.size),
        "spacing": list(grid.spacing),
        "origin": list(grid.origin),
        "direction": list(grid.direction),
    }


def grid_of(record: Mapping[str, Any]) -> Grid:
    """Return the grid of a record."""
    x, y, z = record["size"]
    sx, sy, sz = record["spacing"]
    ox, oy, oz = record["origin"]
    return Grid((x, y, z), (sx, sy, sz), (ox, oy, oz), tuple(record["direction"]))


def _session(state: SessionState, _event: Event, data: Mapping[str, Any]) -> SessionState:
    items: dict[int, Item] = {}
    for number, planned in enumerate(data["reads"], start=1):
        case = planned["case"]
        read = 1 + sum(item.case == case for item in items.values())
        items[number] = Item(number, case, read, planned["ai"])
    return replace(
        state,
        id=data["id"],
        rater=data["rater"],
        home=data["home"],
        form=data["form"],
        idle_s=data["idle_s"],
        seed=data["seed"],
        items=items,
    )


def _case(state: SessionState, event: Event, data: Mapping[str, Any]) -> SessionState:
    case = Case(**data)
    # The last one's hash holds those of all images: nobody finds the rater's name by trying names.
    log = event.hash[:_LOG_DIGITS]
    return replace(state, cases={**state.cases, case.name: case}, log=log)


def _position(state: SessionState, event: Event, data: Mapping[str, Any]) -> SessionState:
    if event.item is None:
        return replace(state, position=None)
    index = data.get("index")
    z, y, x = index or (0, 0, 0)
    return replace(state, position=Position(event.item, (z, y, x) if index else None, event.mask))


def _note(state: SessionState, event: Event, data: Mapping[str, Any]) -> SessionState:
    return _touched(state, event, note=data["text"])


def _answers(state: SessionState, event: Event, data: Mapping[str, Any]) -> SessionState:
    return _touched(state, event, answers=data["answers"])


def _classification(state: SessionState, event: Event, data: Mapping[str, Any]) -> SessionState:
    return _changed(state, replace(_item(state, event), classification=data["record"]))


def _decision(state: SessionState, event: Event, data: Mapping[str, Any]) -> SessionState:
    item = _item(state, event)
    read = Read(data["status"], event.seq, event.at, event.mask, item.answers)
    return _changed(state, replace(item, status=read.status, decided=read))


def _bulk(state: SessionState, event: Event, data: Mapping[str, Any]) -> SessionState:
    for number, mask in data["items"]:
        item = state.items[number]
        read = Read(ACCEPTED, event.seq, event.at, mask, item.answers, data["rule"])
        state = _changed(state, replace(item, status=ACCEPTED, decided=read))
    return state


def _audit(state: SessionState, _event: Event, data: Mapping[str, Any]) -> SessionState:
    drawn = Audit(tuple(data["items"]), tuple(data["drawn_from"]), data["seed"])
    for number in drawn.items:
        state = _changed(state, replace(state.items[number], status=SECOND_READ, audited=True))
    return replace(state, audits=(*state.audits, drawn))


def _revealed(state: SessionState, event: Event, _data: Mapping[str, Any]) -> SessionState:
    item = _item(state, event)
    before = item.decided and replace(item.decided, answers=item.answers)
    return _changed(
        state,
        replace(
            item,
            revealed=True,
            unaided=before,
            unaided_note=item.note,
            status=IN_PROGRESS,
        ),
    )


def mask_of(event: Event) -> Mask:
    """Return the mask that an event brought, as it was then."""
    data = event.read()
    return Mask(
        id=event.seq,
        item=event.item or 0,
        origin=data["origin"],
        title=data["title"],
        grid=grid_of(data["grid"]),
        parent=data["parent"],
        voxels=data["voxels"],
        steps=0,
        begun_with=data["voxels"],
        uncertainty=data["uncertainty"],
        provenance=data["provenance"],
    )


def _mask(state: SessionState, event: Event, _data: Mapping[str, Any]) -> SessionState:
    item, mask = _item(state, event), mask_of(event)
    state = _changed(state, replace(item, masks=(*item.masks, mask.id)))
    return replace(state, masks={**state.masks, mask.id: mask})


def _edit(state: SessionState, event: Event, data: Mapping[str, Any]) -> SessionState:
    assert event.mask is not None
    mask = replace(state.masks[event.mask], voxels=data["voxels"], steps=data["steps"])
    state = replace(state, masks={**state.masks, mask.id: mask})
    # What was decided was decided about another mask.
    return _changed(state, replace(_item(state, event), status=IN_PROGRESS))


def _touched(state: SessionState, event: Event, **fields: Any) -> SessionState:
    item = replace(_item(state, event), **fields)
    return _changed(state, replace(item, status=IN_PROGRESS) if item.status == TO_DO else item)


def _item(state: SessionState, event: Event) -> Item:
    assert event.item is not None
    return state.items[event.item]


def _changed(state: SessionState, item: Item) -> SessionState:
    return replace(state, items={**state.items, item.number: item})


_STEPS: Mapping[str, Callable[[SessionState, Event, Mapping[str, Any]], SessionState]] = {
    "session": _session,
    "case": _case,
    "position": _position,
    "note": _note,
    "answers": _answers,
    "classification": _classification,
    "decision": _decision,
    "bulk": _bulk,
    "audit": _audit,
    "revealed": _revealed,
    "mask": _mask,
    **dict.fromkeys(EDITS, _edit),
}
