"""What a report says; values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_acs.review.session.read_facts import ReadFacts

if TYPE_CHECKING:
    from napari_acs.review.agreement.intraclass import Intraclass
    from napari_acs.review.agreement.kappa import Kappa
    from napari_acs.review.agreement.limits import Limits
    from napari_acs.review.agreement.overlap import Overlap
    from napari_acs.review.agreement.summary import Summary
    from napari_acs.review.edits.cost import EditCost
    from napari_acs.review.measure.change import Change
    from napari_acs.review.measure.measures import Measures
    from napari_acs.review.report.picture import Picture
    from napari_acs.review.session.audit import AuditReport


@dataclass(frozen=True)
class Log:
    """What `napari_acs.review.session.verify.verify` said of one rater's file.

    Attributes
    ----------
    rater : str
    log : str
        See `napari_acs.review.session.state.SessionState`.
    head : str
        ``SEQ:HASH`` of the last event.
    events, masks : int
        How many were checked.
    sound : bool
    why : str
        What is wrong; empty where nothing is.
    clock_went_back : int
        How often the machine's clock did.
    """

    rater: str
    log: str
    head: str
    events: int
    masks: int
    sound: bool
    why: str
    clock_went_back: int


@dataclass(frozen=True)
class Answer:
    """An answer to one field of the form, as text."""

    name: str
    title: str
    text: str


@dataclass(frozen=True)
class Begun:
    """What a mask was begun from.

    Attributes
    ----------
    origin : str
        ``"machine"``, ``"imported"``, or ``"nothing"`` where the reader drew from an empty mask.
    unchanged : bool
        The mask that was decided on is that very mask: nobody touched it.
    model : mapping
        Of a prediction: id, version, sha256 ... as far as the session knows; see
        `napari_acs.review.report.naming.model_facts`.
    costs : mapping of str to EditCost
        By region; Dice 1 and the like of a mask that was accepted unchanged. Empty where there is
        nothing to compare with, and where an unchanged mask was rejected or is not decided on.
    """

    origin: str
    unchanged: bool
    model: Mapping[str, Any]
    costs: Mapping[str, EditCost]


@dataclass(frozen=True)
class Midline:
    """How the midline that sides refer to was found: on which sequence, and how well."""

    sequence: str
    correlation: float
    overlap: float


@dataclass(frozen=True, eq=False)
class CaseReport(ReadFacts):
    """One read of one case; rater, case and patient as the report calls them.

    Attributes
    ----------
    answers : tuple of Answer
    mask_origin : str
        ``"human"``, ``"machine"``, ``"imported"``, or nothing where there is no mask.
    measures : Measures or None
    midline : Midline or None
    begun : Begun or None
    classification : mapping
        See `napari_acs.review.report.naming.classification_facts`; empty where none is known.
    pictures : tuple of Picture
    problems : tuple of str
        What could not be done.
    """

    answers: tuple[Answer, ...]
    mask_origin: str = ""
    measures: Measures | None = None
    midline: Midline | None = None
    begun: Begun | None = None
    classification: Mapping[str, Any] | None = None
    pictures: tuple[Picture, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class FollowUp:
    """Two studies of one patient, the earlier one first.

    Attributes
    ----------
    rater, patient, before, after : str
        The last two are cases.
    change : Change or None
        None where the two cannot be compared.
    how : str
        How the two were brought together, or why not; a sentence.
    days : int or None
        Between the two exams. None where the session does not know: then the one that it lists
        first counts as the earlier.
    """

    rater: str
    patient: str
    before: str
    after: str
    change: Change | None
    how: str
    days: int | None = None


@dataclass(frozen=True)
class Volumes:
    """Volumes of one region by two raters, or by one at two readings.

    Attributes
    ----------
    region, first, second : str
    cases : tuple of str
    limits : Limits
    """

    region: str
    first: str
    second: str
    cases: tuple[str, ...]
    limits: Limits


@dataclass(frozen=True)
class Agreement:
    """Several raters, or several readings, of the same cases.

    Attributes
    ----------
    raters : tuple of str
    overlaps : tuple of Overlap
    summaries : tuple of Summary
    decisions : Kappa or None
    repeats : mapping of str to Kappa
        Of decisions at a first and a second reading, by rater.
    volumes : tuple of Volumes
    intraclass : mapping of str to Intraclass
        By region.
    notes : tuple of str
        What was taken, what was left out, and why.
    """

    raters: tuple[str, ...]
    overlaps: tuple[Overlap, ...]
    summaries: tuple[Summary, ...]
    decisions: Kappa | None
    repeats: Mapping[str, Kappa]
    volumes: tuple[Volumes, ...]
    intraclass: Mapping[str, Intraclass]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """Everything.

    Attributes
    ----------
    session : str
    made_utc : str
    version : str
        Of napari-acs.
    title : str
        Of the form.
    logs : tuple of Log
    cases : tuple of CaseReport
    follow_ups : tuple of FollowUp
    agreement : Agreement or None
    audits : mapping of str to AuditReport
        By rater: what was accepted in bulk, and how often that was wrong.
    warnings : tuple of str
        For whoever makes the report: sentences that may hold paths. No page shows them.
    """

    session: str
    made_utc: str
    version: str
    title: str
    logs: tuple[Log, ...]
    cases: tuple[CaseReport, ...]
    follow_ups: tuple[FollowUp, ...] = ()
    agreement: Agreement | None = None
    audits: Mapping[str, AuditReport] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
