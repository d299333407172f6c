"""A report says how often what was accepted in bulk was wrong, with the interval."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict

import numpy as np
from review.report.reading_html import Page
from review.session.sessions import GRID, drawn, make

from napari_acs.review.report.gather import gather
from napari_acs.review.report.page import page_of
from napari_acs.review.report.record import record_of
from napari_acs.review.report.table import table_of
from napari_acs.review.session.audit import accept_in_bulk, audit_report, draw_audit
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.masks import add_prediction, start_from
from napari_acs.review.session.session import open_session


def test_the_error_rate_of_a_bulk_acceptance_is_in_the_report(tmp_path):
    files = make(tmp_path, "abcdef", ("Dr. Ann", "Dr. Bob", "Dr. Cy"))
    for turn, path in enumerate(files):
        with open_session(path) as session:
            for number in list(session.state.items) if turn < 2 else ():
                labels = drawn(np.random.default_rng(number), 1)
                add_prediction(session, number, labels, GRID, title="m", uncertainty=0.1)
            if turn < 2:
                accept_in_bulk(session, list(session.state.items), "uncertainty at most 0.1")
            if turn == 0:
                for place, number in enumerate(draw_audit(session, 4, 0)):
                    start_from(session, session.item(number).masks[0])
                    if place < 3:
                        decide(session, number, "accepted" if place else "rejected")
                expected = audit_report(session.state)
    report = gather(files)
    assert (expected.sampled, expected.read, expected.wrong) == (4, 3, 1)
    assert report.audits["Rater 1"] == expected
    assert set(report.audits) == {"Rater 1", "Rater 2"}  # the third accepted nothing unseen
    told = json.loads(json.dumps(record_of(report), allow_nan=False))
    assert told["audits"]["Rater 1"] == asdict(expected)
    assert told["audits"]["Rater 2"]["sampled"] == 0
    text = page_of(report)
    Page(text).close()
    assert f"33.3% ({expected.low:.1%} to {expected.high:.1%})" in text
    assert "no sample was drawn" in text and "Dr. Ann" not in text
    assert gather(files, item=1).audits == {}
    rows = list(csv.DictReader(io.StringIO(table_of(report))))
    unseen = [row for row in rows if row["bulk"]]
    assert {row["bulk"] for row in unseen} == {"uncertainty at most 0.1"}
    assert {row["dice"] for row in unseen} == {"1.0"}  # to be told from what was looked at
    assert len(unseen) == 3 * sum(bool(case.bulk) for case in report.cases) > 0
    assert {row["audited"] for row in rows} == {"yes", "no"}
