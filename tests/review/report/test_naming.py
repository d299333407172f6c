"""What a report takes from a prediction's record: no text that may be a path or a file's name."""

from __future__ import annotations

import json
import math

import pytest
from review.session.sessions import make

from napari_acs.review.report.gather import gather
from napari_acs.review.report.naming import classification_facts, model_facts
from napari_acs.review.report.page import page_of
from napari_acs.review.report.record import record_of
from napari_acs.review.session.decisions import keep_classification
from napari_acs.review.session.session import open_session

SECRET = "/home/jane/DOE_JANE"


def test_of_a_predictions_record_nothing_is_told_that_may_be_a_path():
    named = {"id": f"{SECRET}/bundle", "version": "C:\\DOE", "sha256": "ab" * 32, "path": SECRET}
    record = {
        "model": named,
        "models": [named, named],
        "inputs": {"t1ce": {"file": SECRET}},
        "device": f"cuda on {SECRET}",
        "time_utc": "2026-11-30",
        "user": "jane",
    }
    told = model_facts(record)
    assert "DOE" not in json.dumps(told) and "jane" not in json.dumps(told)
    assert told["sha256"] == "ab" * 32 and told["time_utc"] == "2026-11-30"
    assert told["id"] == told["version"] == told["averaged_with"][0]["id"] == "(withheld)"


def test_of_a_classification_classes_and_model_are_told_alone():
    record = {
        "named": ["x", SECRET],
        "probabilities": {"x": 0.75, SECRET: 0.25},
        "file": SECRET,
        "provenance": {"model": {"id": "m", "path": SECRET}, "inputs": {"t1": SECRET}},
    }
    told = classification_facts(record)
    assert "DOE" not in json.dumps(told)
    assert told["probabilities"] == {"x": 0.75, "(withheld)": 0.25}
    assert told["model"] == {"id": "m"}
    assert classification_facts({"named": ["x"]}) == classification_facts(None) == {}


@pytest.mark.parametrize(
    ("record", "intervals"),
    [
        ({"intervals": {"x": [0.1, 0.9], "y": [math.nan, 1.0]}}, {"x": [0.1, 0.9]}),
        ({"intervals": {"x": [None, 1], "y": 3}}, {}),
        ({"intervals": {"x": ["a", "b"], "y": [0.1, 0.2, 0.3]}}, {}),
        ({"intervals": [0.1, 0.9]}, None),
        ({"named": 5}, None),
        ({"named": [5]}, None),
    ],
)
def test_a_classification_that_was_kept_without_a_number_costs_no_report(
    tmp_path, record, intervals
):
    """The log holds it for ever, and no report could be made of the session any more."""
    (path,) = make(tmp_path, ["study-a"])
    with open_session(path) as session:
        keep_classification(session, 1, {"probabilities": {"x": 0.5, "y": math.inf}, **record})
    report = gather([path])
    found = report.cases[0].classification
    assert found["probabilities"] == {"x": 0.5, "y": None}
    assert found.get("intervals") == intervals and "named" not in found
    assert "0.50" in page_of(report)
    json.dumps(record_of(report), allow_nan=False)
    given = classification_facts({"probabilities": {"x": math.nan}, **record})
    json.dumps(given, allow_nan=False)
