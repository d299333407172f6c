"""The worklist as rows: filter, sort, next and previous."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.review.session.certainty import uncertainty_of
from napari_acs.review.session.masks import final_mask
from napari_acs.review.session.state import STATUSES, SessionState


@dataclass(frozen=True)
class Row:
    """A line of the worklist, as it is shown and exported; nothing in it names a patient.

    Attributes
    ----------
    item, read : int
        Number in the plan; which reading of the case.
    case : str
    status : str
    ai : str
    bulk : bool
        Accepted without a look.
    audited : bool
        Drawn to be read again.
    uncertainty : float or None
        See `napari_acs.review.session.certainty.uncertainty_of`.
    volume_ml : float or None
        Of the mask that stands for the item.
    edits : int
        Of that mask, without those undone.
    seconds : float
        Active time.
    note : str
    """

    item: int
    case: str
    read: int
    status: str
    ai: str
    bulk: bool
    audited: bool
    uncertainty: float | None
    volume_ml: float | None
    edits: int
    seconds: float
    note: str


_KEYS: Mapping[str, Callable[[Row], Any]] = {
    "plan": lambda row: row.item,
    "status": lambda row: STATUSES.index(row.status),
    "name": lambda row: row.case,
    "uncertainty": lambda row: row.uncertainty,
    "volume": lambda row: row.volume_ml,
    "time": lambda row: row.seconds,
}
SORTS = tuple(_KEYS)
"""What `arranged` sorts by."""


def rows(state: SessionState, spent: Mapping[int, float], *, to_reader: bool = False) -> list[Row]:
    """Return the worklist in the order of the plan.

    Parameters
    ----------
    state : SessionState
    spent : mapping of int to float
        Seconds by item; see `activity.times`.
    to_reader : bool
        Call repeats by names of their own: the reader is not to know them.
    """
    found = []
    for item in state.items.values():
        mask = final_mask(state, item)
        found.append(
            Row(
                item=item.number,
                case=item.shown_name if to_reader else item.case,
                read=item.read,
                status=item.status,
                ai=item.ai,
                bulk=bool(item.decided and item.decided.bulk),
                audited=item.audited,
                uncertainty=uncertainty_of(state, item.number),
                volume_ml=mask.volume_ml if mask else None,
                edits=mask.steps if mask else 0,
                seconds=spent.get(item.number, 0.0),
                note=item.note,
            )
        )
    return found


def arranged(
    found: Sequence[Row],
    *,
    statuses: Collection[str] = (),
    text: str = "",
    by: str = "plan",
    descending: bool = False,
) -> list[Row]:
    """Filter and sort rows; ties stay in the order of the plan, rows without a value come last.

    Parameters
    ----------
    found : sequence of Row
    statuses : collection of str
        Left empty: all.
    text : str
        A part of the case's name or of the note; upper and lower case do not count.
    by : str
        One of `SORTS`.
    descending : bool

    Raises
    ------
    BadInput
        An unknown status or key.
    """
    unknown = [status for status in statuses if status not in STATUSES]
    if unknown:
        raise BadInput(f"There is no status {unknown[0]!r}", expected=", ".join(STATUSES))
    if by not in _KEYS:
        raise BadInput(f"A worklist is not sorted by {by!r}", expected=", ".join(SORTS))
    key, wanted = _KEYS[by], text.casefold()
    kept = [
        row
        for row in sorted(found, key=lambda row: row.item)
        if (not statuses or row.status in statuses)
        and (not wanted or wanted in row.case.casefold() or wanted in row.note.casefold())
    ]
    known = sorted((row for row in kept if key(row) is not None), key=key, reverse=descending)
    return [*known, *(row for row in kept if key(row) is None)]


def neighbour(shown: Sequence[Row], current: int | None, step: int) -> int | None:
    """Return the item that many rows on (or back) in a list as it is shown; None at its ends.

    Where the current item is not in the list (it was just filtered out), the first or, going
    back, the last one is returned.
    """
    numbers = [row.item for row in shown]
    if not numbers:
        return None
    if current not in numbers:
        return numbers[0] if step > 0 else numbers[-1]
    at = numbers.index(current) + step
    return numbers[at] if 0 <= at < len(numbers) else None
