"""What is said of a read wherever it is listed: in exports, and in reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class ReadFacts:
    """One reading of one case by one rater.

    Attributes
    ----------
    rater, case, patient : str
    day : int or None
        Of the exam; see `napari_acs.review.session.state.Case`.
    read : int
        Which reading of the case by this rater: 2 is a repeat.
    item : int
        Place in the rater's plan.
    ai : str
        ``hidden``, ``shown``, or of an item read in two parts ``before`` and ``after``.
    status : str
    bulk : str
        The rule by which it was accepted unseen, or nothing.
    audited : bool
        It was accepted so, drawn, and is read again.
    at : str
        Of the decision; empty before there is one.
    seconds : float
        Active time; of two parts each its own.
    note : str
    """

    rater: str
    case: str
    patient: str
    day: int | None
    read: int
    item: int
    ai: str
    status: str
    bulk: str
    audited: bool
    at: str
    seconds: float
    note: str
