"""What a report takes from a prediction's record: no text that may be a path or a file's name."""

from __future__ import annotations

import json

from napari_acs.review.report.naming import classification_facts, model_facts

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
