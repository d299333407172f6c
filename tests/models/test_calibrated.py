"""Stored calibration: applied without scikit-learn, and refused where it does not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.isotonic import IsotonicRegression

from napari_acs.models.calibrated import calibrated, scores_of
from napari_acs.models.calibration_spec import IsotonicKnots
from napari_acs.models.spec import ClassifierSpec

FIELDS = {
    "id": "two",
    "version": "1",
    "title": "Two",
    "task": "classification",
    "architecture": {"name": "acs-classifier"},
    "input": {"channels": [{"name": "t1"}], "spacing_mm": (1, 1, 1), "size": (6, 6, 6)},
    "classes": [{"name": "no", "title": "No"}, {"name": "yes", "title": "Yes"}],
    "weights": {"sha256": "0" * 64, "size_bytes": 1},
    "activation": "sigmoid",
    "licence": "none",
}


def test_isotonic_curves_give_what_scikit_learn_gives():
    random = np.random.default_rng(2)
    fits = []
    for _ in range(2):
        scores = random.random(40)
        fits.append(
            IsotonicRegression(out_of_bounds="clip").fit(scores, random.random(40) < scores)
        )
    curves = [{"scores": list(f.X_thresholds_), "values": list(f.y_thresholds_)} for f in fits]
    spec = ClassifierSpec.model_validate(FIELDS | {"calibration": {"isotonic": curves}})
    scores = scores_of(spec, torch.linspace(-6, 6, 60).reshape(30, 2))
    columns = [f.predict(scores[:, k].double().numpy()) for k, f in enumerate(fits)]
    np.testing.assert_allclose(calibrated(spec, scores), np.stack(columns, 1), atol=1e-6)
    exclusive = spec.model_copy(update={"activation": "softmax"})
    shares = scores_of(exclusive, torch.linspace(-6, 6, 60).reshape(30, 2).flip(0) ** 3)
    torch.testing.assert_close(calibrated(exclusive, shares).sum(1), torch.ones(30))
    assert ClassifierSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"calibration": {"isotonic": [{"scores": [0], "values": [0]}]}}, "every class"),
        ({"held_out": {"scores": [[0.1, 0.9]], "truth": []}}, "scores and a truth"),
        ({"held_out": {"scores": [[0.1]], "truth": [[0]]}}, "one score for every class"),
        ({"held_out": {"scores": [[0.1, 0.9]], "truth": [[2]]}}, "within 0 to 1"),
        (
            {"activation": "softmax", "held_out": {"scores": [[0.1, 0.9]], "truth": [[0, 1]]}},
            "only one",
        ),
    ],
)
def test_what_does_not_fit_the_classes_is_refused(changes, said):
    with pytest.raises(ValidationError, match=said):
        ClassifierSpec.model_validate(FIELDS | changes)


def test_a_curve_must_rise():
    for scores, values in (((0.2, 0.2), (0, 1)), ((0, 1), (1, 0)), ((0, 1), (0,))):
        with pytest.raises(ValidationError):
            IsotonicKnots(scores=scores, values=values)
