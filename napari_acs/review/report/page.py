"""A whole report as one HTML file that opens offline and runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.review.report.agreement_page import agreement_section, follow_up_section
from napari_acs.review.report.audit_page import audit_section
from napari_acs.review.report.case_page import (
    RESEARCH,
    ai_text,
    anchor,
    case_section,
    log_text,
    moment,
    status_text,
)
from napari_acs.review.report.markup import Content, Markup, element, facts, lines, table
from napari_acs.review.report.style import POLICY, STYLE

if TYPE_CHECKING:
    from napari_acs.review.report.content import CaseReport, Report

LIMITS = (
    "Nothing here is a diagnosis, and nobody has shown that it is safe or useful for patients.",
    "Measurements are computed from masks: where a mask is wrong, so are they. Look at the masks "
    "in the viewer; the few slices here show a part of them.",
    "Response categories are RANO's thresholds applied to two masks; RANO weighs more than that.",
    "Names, paths and files' names are left out. Notes and free answers are as they were typed, "
    "and pictures of a head show its face where the skull was not removed: look through them "
    "before you pass this file on.",
    "Active time stops when the reader gives no sign for a while; it is no stop-watch.",
    "Verification proves that a log is as it was written. That nothing was cut off at its end it "
    "proves only against a chain head that was kept elsewhere: keep the one given here, and use "
    "napari-acs review verify --head.",
)


def page_of(report: Report) -> str:
    """Return a report as HTML: no script, no link to anything outside, pictures inside."""
    logs = {log.rater: log for log in report.logs}
    body = element(
        "body",
        element(
            "header",
            element("h1", "Review report"),
            element("p", RESEARCH, class_="research"),
            facts(
                [
                    ("Form", report.title),
                    ("Session", element("span", report.session, class_="hash")),
                    ("Made (UTC)", moment(report.made_utc)),
                    ("By", f"napari-acs {report.version}"),
                ]
            ),
        ),
        _contents(report),
        _worklist(report),
        audit_section(report.audits) if report.audits else None,
        _logs(report),
        *(case_section(case, logs[case.rater]) for case in report.cases),
        follow_up_section(report.follow_ups) if report.follow_ups else None,
        agreement_section(report.agreement) if report.agreement else None,
        element(
            "section",
            element("h2", "Limits"),
            element("ul", *(element("li", limit) for limit in LIMITS)),
            id="limits",
        ),
        element("footer", element("p", RESEARCH, class_="research")),
        element("p", RESEARCH, class_="stamp soft"),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", "Review report (research only)"),
        # Our own style: escaping it would change it.
        element("style", Markup(STYLE)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _contents(report: Report) -> Markup:
    links = [("worklist", "Worklist")]
    links += [("audit", "Audit")] if report.audits else []
    links += [("logs", "Logs")]
    links += [("changes", "Two dates")] if report.follow_ups else []
    links += [("agreement", "Agreement")] if report.agreement else []
    links += [("limits", "Limits")]
    parts: list[Content] = []
    for name, title in links:
        parts += [" · " if parts else None, element("a", title, href=f"#{name}")]
    return element("nav", element("p", *parts))


def _worklist(report: Report) -> Markup:
    several = len(report.logs) > 1
    head = (
        "item", *(["rater"] if several else []), "case", "patient", "read", "status",
        "decided (UTC)", "minutes", "volume, ml", "form", "note",
    )  # fmt: skip
    rows = [_row(case, several=several) for case in report.cases]
    return element("section", element("h2", "Worklist"), table(head, rows), id="worklist")


def _row(case: CaseReport, *, several: bool) -> list[Content]:
    answers = "\n".join(f"{answer.title}: {answer.text}" for answer in case.answers)
    volume = f"{case.measures.regions['WT'].volume_ml:.2f}" if case.measures else ""
    return [
        element("a", str(case.item), href=f"#{anchor(case)}"),
        *([case.rater] if several else []),
        case.case,
        case.patient,
        f"{case.read}, {ai_text(case.ai)}",
        status_text(case),
        moment(case.at),
        f"{case.seconds / 60:.1f}",
        volume,
        lines(answers),
        lines(case.note),
    ]


def _logs(report: Report) -> Markup:
    rows: list[list[Content]] = [
        [
            log.rater,
            element("span", log.log, class_="hash"),
            log_text(log),
            element("span", log.head, class_="hash"),
            str(log.clock_went_back),
        ]
        for log in report.logs
    ]
    head = ("rater", "log", "verification", "chain head (event:hash)", "clock went back")
    return element("section", element("h2", "Logs"), table(head, rows), id="logs")
