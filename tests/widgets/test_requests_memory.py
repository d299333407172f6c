"""Jobs whose memory runs out before the network is there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from napari_acs.widgets.classify_request import classify_job
from napari_acs.widgets.request import SegmentRequest, segment_job


def too_large():
    raise MemoryError


STUDY = SimpleNamespace(name="case", volumes=too_large, reference_sequence="t1")


@pytest.mark.parametrize("job", ["segment", "classify"])
def test_it_is_said_and_nobody_is_asked_to_report_it(job, monkeypatch):
    if job == "segment":
        messages = segment_job(SegmentRequest(STUDY, "glioma-unet-acs-mobilenetv2", "cpu"), bool)
    else:
        loaded = SimpleNamespace(spec=None)
        monkeypatch.setattr("napari_acs.models.load_classifier", lambda _: loaded)
        spec = SimpleNamespace(id="demo")
        messages = classify_job(SimpleNamespace(spec=spec, study=STUDY), bool)
    *_, end = messages
    assert end.kind == "input"
    assert "not enough memory" in end.sentence()
    assert "report" not in end.sentence()
