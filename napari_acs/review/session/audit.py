"""Accept the confident cases at once, and find out by a sample how often that was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.session.certainty import uncertainty_of
from napari_acs.review.session.form import form_of
from napari_acs.review.session.given import take_given
from napari_acs.review.session.log import Draft
from napari_acs.review.session.masks import final_mask, is_other
from napari_acs.review.session.session import item_of
from napari_acs.review.session.state import (
    ACCEPTED,
    CORRECTED,
    IN_PROGRESS,
    REJECTED,
    TO_DO,
    Item,
    SessionState,
)

if TYPE_CHECKING:
    from napari_acs.review.session.session import Session

Interval = Literal["exact", "wilson"]


@dataclass(frozen=True)
class AuditReport:
    """How often a bulk acceptance was wrong, by those items that were read again.

    Attributes
    ----------
    accepted : int
        Items accepted in bulk that samples were drawn from.
    sampled, read, wrong : int
        Items drawn; of them those read again; of them those corrected or rejected, or accepted
        with a mask that was drawn on.
    rate, low, high : float or None
        Error rate and its confidence interval; None before anything was read.
    level : float
        Of the interval.
    method : {"exact", "wilson"}
        Clopper and Pearson 1934, or Wilson 1927. Both take the sample for one from many more
        items than there are: for few of them they are wider than they need be.
    """

    accepted: int
    sampled: int
    read: int
    wrong: int
    rate: float | None
    low: float | None
    high: float | None
    level: float
    method: str


def confident_items(state: SessionState, at_most: float) -> list[int]:
    """Return the items not begun whose mask is at most so uncertain, and may be seen."""
    found = []
    for item in state.items.values():
        if item.status != TO_DO or is_other(state, item.number):
            continue
        known = uncertainty_of(state, item.number)
        if known is not None and known <= at_most and _has_mask(state, item):
            found.append(item.number)
    return found


def accept_in_bulk(session: Session, items: Sequence[int], rule: str) -> None:
    """Accept the masks of several items without a look, recorded as such.

    Masks that came with their cases are taken into the session: what was accepted is kept, though
    its file may be written anew.

    Parameters
    ----------
    session : Session
    items : sequence of int
    rule : str
        By which they were chosen, in words: ``"uncertainty at most 0.1"``.

    Raises
    ------
    BadInput
        No rule, a mask that cannot be read, or see `check_bulk`.
    """
    if not rule.strip() or not items:
        raise BadInput("Nothing says which items to accept, and why", expected="items and a rule")
    for number, mask in check_bulk(session.state, items).items():
        if mask is None:
            take_given(session, number)
    chosen = [[number, mask] for number, mask in check_bulk(session.state, items).items()]
    session.record(Draft("bulk", data={"items": chosen, "rule": rule.strip()}))


def check_bulk(state: SessionState, items: Sequence[int]) -> dict[int, int | None]:
    """Return the mask that would be accepted of each item; None is the one that came with it.

    Raises
    ------
    BadInput
        An item that was begun or decided, one read blind, one without a mask or with another than
        at the session's making, or a form with required answers.
    """
    needed = [field.title for field in form_of(state.form).fields if field.required]
    if needed:
        raise BadInput(
            "Items cannot be accepted in bulk",
            found=f"a form that requires {', '.join(needed[:4])}",
            do="Read them one by one",
        )
    chosen: dict[int, int | None] = {}
    for number in dict.fromkeys(items):
        item = item_of(state, number)
        if item.status != TO_DO:
            raise BadInput(f"item {number} cannot be accepted unseen", found=item.status)
        if item.ai != "shown":
            raise BadInput(
                f"item {number} cannot be accepted unseen", found="a blinded read of the plan"
            )
        if not _has_mask(state, item):
            raise BadInput(f"item {number} cannot be accepted unseen", found="no mask")
        if is_other(state, number):
            raise BadInput(
                f"item {number} cannot be accepted unseen",
                found="a mask, or images, other than those that the session was made of",
                do="Open it and decide it",
            )
        mask = final_mask(state, item)
        chosen[number] = mask.id if mask else None
    return chosen


def _has_mask(state: SessionState, item: Item) -> bool:
    return final_mask(state, item) is not None or bool(state.cases[item.case].mask)


def draw_audit(session: Session, count: int, seed: int) -> list[int]:
    """Draw items accepted in bulk, to be read again; they then need a second read.

    Raises
    ------
    BadInput
        A number below one, or more than there are.
    """
    pool = [
        item.number
        for item in session.state.items.values()
        if item.status == ACCEPTED and item.decided and item.decided.bulk and not item.audited
    ]
    if not 1 <= count <= len(pool):
        raise BadInput(
            f"A sample of {count} cannot be drawn",
            found=f"{len(pool)} items that were accepted in bulk and not drawn yet",
        )
    drawn = np.random.default_rng(seed).choice(pool, count, replace=False)
    items = sorted(int(number) for number in drawn)
    session.record(Draft("audit", data={"items": items, "drawn_from": pool, "seed": seed}))
    return items


def audit_report(
    state: SessionState, *, level: float = 0.95, method: Interval = "exact"
) -> AuditReport:
    """Return the error rate of what was accepted in bulk, with its confidence interval."""
    drawn = [number for audit in state.audits for number in audit.items]
    pool = {number for audit in state.audits for number in audit.drawn_from}
    items = [state.items[number] for number in drawn]
    read = [
        item
        for item in items
        if item.decided is not None
        and not item.decided.bulk
        and item.status != IN_PROGRESS
        and item.status in (ACCEPTED, CORRECTED, REJECTED)
    ]
    wrong = sum(item.status in (CORRECTED, REJECTED) or _drawn_on(state, item) for item in read)
    rate = low = high = None
    if read:
        from scipy import stats  # noqa: PLC0415 (0.5 s, which no window that opens waits for)

        interval = stats.binomtest(wrong, len(read)).proportion_ci(level, method=method)
        rate, low, high = wrong / len(read), float(interval.low), float(interval.high)
    return AuditReport(len(pool), len(drawn), len(read), wrong, rate, low, high, level, method)


def _drawn_on(state: SessionState, item: Item) -> bool:
    """Tell whether an item's mask is not the one that was accepted unseen, whatever was said."""
    mask = state.masks.get((item.decided and item.decided.mask) or 0)
    return mask is not None and mask.origin == "human" and (mask.steps > 0 or mask.parent is None)


def audit_sentence(report: AuditReport) -> str:
    """Say how often a bulk acceptance was wrong."""
    said = f"Audit: {report.read} of {report.sampled} drawn are read again"
    if report.rate is None or report.low is None or report.high is None:
        return f"{said}."
    return (
        f"{said}, {report.wrong} wrong: {report.rate:.1%} ({report.level:.0%} interval "
        f"{report.low:.1%} to {report.high:.1%}) of {report.accepted} accepted in bulk."
    )
