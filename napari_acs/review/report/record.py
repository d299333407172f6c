"""A report as JSON-ready data: all that the page says but the pictures themselves."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from napari_acs.review.cells import plain
from napari_acs.review.edits.cost import EDIT_DEFINITIONS
from napari_acs.review.measure.measures import plain_of
from napari_acs.review.report.case_page import RESEARCH
from napari_acs.review.report.page import LIMITS

if TYPE_CHECKING:
    from napari_acs.review.report.content import Agreement, CaseReport, Report
    from napari_acs.review.report.picture import Picture

FORMAT = 1
"""Version of the schema: a reader refuses a newer one. Keys may be added under one version."""


def record_of(report: Report) -> dict[str, Any]:
    """Return a report as dicts, lists, numbers and texts; keys name the units."""
    agreement = report.agreement
    record = {
        "format": FORMAT,
        "kind": "napari-acs review report",
        "intended_use": RESEARCH,
        "limits": list(LIMITS),
        "session": report.session,
        "made_utc": report.made_utc,
        "napari-acs": report.version,
        "form": report.title,
        "definitions": dict(EDIT_DEFINITIONS),
        "logs": [plain_of(log) for log in report.logs],
        "cases": [_case(case) for case in report.cases],
        "audits": {rater: asdict(each) for rater, each in report.audits.items()},
        "follow_ups": [plain_of(each) for each in report.follow_ups],
        "agreement": agreement_record(agreement) if agreement else None,
    }
    cleaned: dict[str, Any] = _cleaned(record)
    return cleaned


def agreement_record(agreement: Agreement) -> dict[str, Any]:
    """Return an agreement as JSON-ready data."""
    record: dict[str, Any] = _cleaned(plain_of(agreement))
    return record


def _case(case: CaseReport) -> dict[str, Any]:
    record = {f.name: plain_of(getattr(case, f.name)) for f in fields(case) if f.name != "pictures"}
    record["active_minutes"] = case.seconds / 60
    record["answers"] = {answer.name: answer.text for answer in case.answers}
    record["classification"] = record["classification"] or None
    record["pictures"] = [_picture(picture) for picture in case.pictures]
    return record


def _picture(picture: Picture) -> dict[str, Any]:
    return {f.name: plain_of(getattr(picture, f.name)) for f in fields(picture) if f.name != "png"}


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {plain(str(key)): _cleaned(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    return plain(value) if isinstance(value, str) else value
