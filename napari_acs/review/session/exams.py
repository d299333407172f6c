"""The exams of a patient in a session: in which order, and how many days apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_acs.review.session.masks import final_mask
from napari_acs.review.session.state import DECIDED, REJECTED

if TYPE_CHECKING:
    from napari_acs.review.session.state import Case, Item, SessionState

UNNAMED = "the exam before"


def in_order(cases: Iterable[Case]) -> list[Case]:
    """Return the exams of one patient, the earliest first.

    One without a date keeps its place in the list; the others stand around it by their dates.
    """
    listed = list(cases)
    dated = iter(sorted((c for c in listed if c.day is not None), key=lambda c: c.day or 0))
    return [case if case.day is None else next(dated) for case in listed]


def days_between(before: Case, after: Case) -> int | None:
    """Return how many days two exams are apart; None where a date is not known."""
    return None if before.day is None or after.day is None else after.day - before.day


def apart(days: int | None) -> str:
    """Say how far two exams are apart, or that nobody knows."""
    if days is None:
        return "no dates: the order is that of the list"
    if days == 0:
        return "on one day: the order is that of the list"
    return "1 day apart" if days == 1 else f"{days} days apart"


@dataclass(frozen=True)
class ExamBefore:
    """The exam before the one that is read.

    Attributes
    ----------
    case : Case
    item, mask : int or None
        The reading of it that was decided last, else the last with a mask that this reader may
        see, and that mask; None where there is none yet, or it was rejected.
    days : int or None
        Between the two exams.
    given : bool
        There is no such mask in the session yet, but one came with the case, and this reader may
        see it: see `napari_acs.review.session.masks.read_given`.
    called : str
        As this reader may be told: no name where cases come a second time unannounced, for two
        readings with other names and one exam before are of one case.
    rejected : bool
        The reader's last word on it was that its mask is not to be used.
    """

    case: Case
    item: int | None
    mask: int | None
    days: int | None
    given: bool = False
    called: str = UNNAMED
    rejected: bool = False

    @property
    def has_mask(self) -> bool:
        """Whether there is a mask to compare with."""
        return self.mask is not None or self.given


def exam_before(state: SessionState, case: str) -> ExamBefore | None:
    """Return the exam of the same patient before a case, or None where there is none."""
    shown = state.cases[case]
    if not shown.patient:
        return None
    exams = in_order(c for c in state.cases.values() if c.patient == shown.patient)
    place = exams.index(shown)
    if not place:
        return None
    earlier = exams[place - 1]
    item = _last_read(state, earlier)
    rejected = item is not None and item.status == REJECTED
    mask = None if item is None or rejected else final_mask(state, item)
    may_see = any(i.sees_others for i in state.items.values() if i.case == earlier.name)
    given = mask is None and not rejected and bool(earlier.mask) and may_see
    again = any(each.shown_name != each.case for each in state.items.values())
    return ExamBefore(
        earlier,
        item.number if item is not None and mask is not None else None,
        mask.id if mask is not None else None,
        days_between(earlier, shown),
        given,
        UNNAMED if again else earlier.name,
        rejected,
    )


def _last_read(state: SessionState, case: Case) -> Item | None:
    """Return the reading whose word counts: the one decided last, else the last with a mask."""
    readings = [item for item in state.items.values() if item.case == case.name]
    decided = {
        item.decided.seq: item for item in readings if item.decided and item.status in DECIDED
    }
    if decided:
        return decided[max(decided)]
    return next((item for item in reversed(readings) if final_mask(state, item)), None)


def places(cases: Mapping[str, Case]) -> dict[str, int]:
    """Return the place of each case among the exams of its patient."""
    patients: dict[str, list[Case]] = {}
    for case in cases.values():
        patients.setdefault(case.patient, []).append(case)
    return {
        case.name: place
        for exams in patients.values()
        for place, case in enumerate(in_order(exams))
    }
