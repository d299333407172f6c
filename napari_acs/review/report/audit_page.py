"""The part of a report that is about what was accepted in bulk, and how often that was wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.review.report.markup import Content, Markup, element, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_acs.review.session.audit import AuditReport

_METHODS = {"exact": "Clopper and Pearson", "wilson": "Wilson"}


def audit_section(found: Mapping[str, AuditReport]) -> Markup:
    """Return the audits of raters."""
    rows: list[list[Content]] = [
        [
            rater,
            str(each.accepted) if each.sampled else "no sample was drawn",
            str(each.sampled),
            str(each.read),
            str(each.wrong),
            _rate(each),
        ]
        for rater, each in found.items()
    ]
    each = next(iter(found.values()))
    how = f"{each.level:.0%} interval by {_METHODS[each.method]}"
    head = ("rater", "drawn from", "drawn", "read again", "wrong", "error rate")
    return element(
        "section",
        element("h2", "Audit of what was accepted in bulk"),
        element(
            "p",
            "Cases accepted in bulk were not looked at. Of a random sample that was read again, "
            "those count as wrong that were corrected, rejected, or accepted with a mask that was "
            "drawn on.",
        ),
        table(head, rows, how),
        id="audit",
    )


def _rate(found: AuditReport) -> str:
    if found.rate is None or found.low is None or found.high is None:
        return "nothing read again yet"
    return f"{found.rate:.1%} ({found.low:.1%} to {found.high:.1%})"
