"""Classification jobs: what they end with, and how they fail."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import napari_acs
from napari_acs.errors import BadInput
from napari_acs.imaging import Volume
from napari_acs.inference import ClassificationError, Classified, Failure, Progress, run_classifier
from napari_acs.models.bundle import ClassifierBundle
from napari_acs.models.classifier import Answer
from napari_acs.models.spec import ClassifierSpec

FIELDS = {
    "id": "brightness",
    "version": "1",
    "title": "Bright or dark",
    "task": "classification",
    "architecture": {"name": "acs-classifier"},
    "input": {
        "channels": [{"name": "flair", "required": True}, {"name": "t2"}],
        "spacing_mm": (1, 1, 1),
        "size": (6, 6, 6),
        "centre": "mask",
    },
    "classes": [
        {"name": "dark", "title": "Dark FLAIR"},
        {"name": "bright", "title": "Bright FLAIR"},
    ],
    "weights": {"sha256": "0" * 64, "size_bytes": 1},
    "temperature": 2.0,
    "abstain_below": 0.8,
    "licence": "none",
}


class Mean(nn.Module):
    """The second logit is the mean of the first channel; the first is 0."""

    fault: Exception | None = None

    def forward(self, x):
        if self.fault is not None:
            raise self.fault
        mean = x[:, 0].mean(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(mean), mean], dim=1) * 4

    def answer(self, x):
        """Return the logits; what is seen is the mean and the range of the box."""
        logits = self(x)
        return Answer(
            logits, (torch.stack([x.mean(dim=(1, 2, 3, 4)), x.amax(dim=(1, 2, 3, 4))], 1),)
        )


@dataclass
class KnownClassifier:
    spec: ClassifierSpec = field(default_factory=lambda: ClassifierSpec.model_validate(FIELDS))
    sha256: str = "0" * 64
    net: Mean = field(default_factory=Mean)

    def network(self):
        return self.net

    probabilities = ClassifierBundle.probabilities


@pytest.fixture
def bundle():
    return KnownClassifier()


def ball(study, place, radius=2.5) -> Volume:
    axes = np.indices(study.grid.shape)
    distance = sum((i - p) ** 2 for i, p in zip(axes, place, strict=True))
    return Volume((distance < radius**2).astype(np.uint8), study.grid)


TUMOUR, ELSEWHERE = (16, 20, 17), (15, 10, 30)


def test_the_box_follows_the_mask_and_the_temperature_softens(known_study, bundle):
    said = list(run_classifier(known_study, bundle, ball(known_study, TUMOUR), device="cpu"))
    assert all(isinstance(each, Progress) for each in said[:-1])
    fractions = [each.fraction for each in said[:-1]]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    bright = said[-1].classification
    assert bright.named == ("bright",) and bright.sentence().startswith("Bright FLAIR (dark")
    dark = napari_acs.classify(known_study, bundle, ball(known_study, ELSEWHERE), "cpu")
    assert dark.probabilities["dark"] > dark.probabilities["bright"]
    assert sum(dark.probabilities.values()) == pytest.approx(1)
    hot = KnownClassifier(bundle.spec.model_copy(update={"temperature": 1.0}))
    sharper = napari_acs.classify(known_study, hot, ball(known_study, TUMOUR), "cpu")
    odds = [p["bright"] / p["dark"] for p in (sharper.probabilities, bright.probabilities)]
    assert odds[0] == pytest.approx(odds[1] ** 2, rel=1e-3)


def test_below_the_threshold_no_class_is_named(known_study, bundle):
    shy = KnownClassifier(bundle.spec.model_copy(update={"abstain_below": 1.0}))
    found = napari_acs.classify(known_study, shy, ball(known_study, TUMOUR), "cpu")
    assert found.named == () and "No class is named: none reaches 1 (dark 0." in found.sentence()
    each = KnownClassifier(bundle.spec.model_copy(update={"activation": "sigmoid"}))
    found = napari_acs.classify(known_study, each, ball(known_study, TUMOUR), "cpu")
    assert found.named == ("bright",) and found.probabilities["dark"] == pytest.approx(0.5)


def test_the_record_says_what_went_in(known_study, bundle):
    mask = ball(known_study, TUMOUR)
    record = napari_acs.classify(known_study, bundle, mask, "cpu").provenance
    assert json.loads(json.dumps(record)) == record
    assert record["model"] == {"id": "brightness", "version": "1", "sha256": "0" * 64}
    assert record["mask"]["sha256"] == mask.sha256()
    assert record["mask"]["volume_ml"] == pytest.approx(np.count_nonzero(mask.array) / 1000)
    assert set(record["inputs"]) == set(known_study.sequences)
    assert record["sequences"]["used"] == ["flair", "t2"] and record["device"] == "cpu"


def test_notes_name_what_was_lacking_or_not_used(known_study, bundle):
    study = type(known_study)("s", {"flair": known_study.sequences["flair"]})
    end = list(run_classifier(study, bundle, ball(study, TUMOUR), device="cpu"))[-1]
    assert isinstance(end, Classified) and "without t2" in end.notes[0]
    whole = bundle.spec.input.model_copy(update={"centre": "volume"})
    free = KnownClassifier(bundle.spec.model_copy(update={"input": whole}))
    end = list(run_classifier(known_study, free, ball(study, TUMOUR), device="cpu"))[-1]
    assert "takes none" in end.notes[0]
    assert end.classification.provenance["mask"] is None


def test_what_is_refused_is_a_sentence_before_any_work(known_study, bundle):
    for mask, said in ((None, "needs a mask"), (ball(known_study, (0, 0, 0), 0), "is empty")):
        end = list(run_classifier(known_study, bundle, mask))
        assert len(end) == 1 and isinstance(end[0], Failure)
        assert end[0].kind == "input" and said in end[0].sentence()
        with pytest.raises(BadInput, match=said):
            napari_acs.classify(known_study, bundle, mask)
    with pytest.raises(BadInput, match="not available"):
        napari_acs.classify(known_study, bundle, ball(known_study, TUMOUR), "abacus")


def test_faults_and_cancelling_are_failures(known_study, bundle):
    mask = ball(known_study, TUMOUR)
    for last in range(4):
        words = iter([False] * last + [True])
        asked = partial(next, words)
        end = list(run_classifier(known_study, bundle, mask, device="cpu", cancelled=asked))[-1]
        assert isinstance(end, Failure) and end.kind == "cancelled"
    bundle.net.fault = RuntimeError("odd")
    end = list(run_classifier(known_study, bundle, mask, device="cpu"))[-1]
    assert end.kind == "internal" and "The classification stopped by a fault" in end.what
    with pytest.raises(ClassificationError, match="odd"):
        napari_acs.classify(known_study, bundle, mask, "cpu")


def test_held_out_cases_give_intervals_and_a_set_and_may_forbid_a_name(known_study):
    def ended(truth, conformal="per-class"):
        scores = [(0.9, 0.1) if k == 0 else (0.1, 0.9) for k in truth]
        held = {"scores": scores, "truth": [(k,) for k in truth], "conformal": conformal}
        made = KnownClassifier(ClassifierSpec.model_validate(FIELDS | {"held_out": held}))
        *_, end = run_classifier(known_study, made, ball(known_study, TUMOUR), device="cpu")
        return end

    sure = ended([0] * 20 + [1] * 20)
    found = sure.classification
    assert found.named == ("bright",) and found.prediction_set == ("bright",)
    assert found.coverage == 0.9 and not any("ruled out" in note for note in sure.notes)
    low, high = found.intervals["bright"]
    assert 0.9 < low <= high == 1
    few = ended([0] * 4 + [1] * 22)
    assert few.classification.named == ()
    assert "none can be ruled out at a coverage of 0.9" in few.classification.sentence()
    assert any("Never ruled out: dark" in note and "takes 9" in note for note in few.notes)
    assert ended([0] * 4 + [1] * 22, "marginal").classification.named == ("bright",)


def test_a_study_unlike_the_training_gets_no_name_and_its_reason(known_study):
    mask = ball(known_study, TUMOUR)

    def ended(centre):
        known = {"centre": centre, "scale": (1, 1), "axes": (), "variances": (), "rest": 1.0}
        features = {"members": [known], "limit": 3.0, "cases": 26}
        made = KnownClassifier(ClassifierSpec.model_validate(FIELDS | {"features": features}))
        *_, end = run_classifier(known_study, made, mask, device="cpu")
        return end.classification

    plain = ended((0.0, 0.0))
    seen = np.array([plain.outlier.distance])
    assert plain.provenance["model"]["id"] == "brightness"
    far = ended((30.0, 40.0))
    assert far.outlier.far and not far.named and far.outlier.limit == 3.0
    assert far.probabilities == plain.probabilities
    assert (
        "unlike those of training" in far.sentence() and "26 that were held out" in far.sentence()
    )
    # The triangle inequality: it moved by 50, as the centre did.
    assert abs(far.outlier.distance - 50) <= seen[0]
