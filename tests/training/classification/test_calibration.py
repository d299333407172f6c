"""Isotonic curves, cross-fitting, the reliability curve and the sets' measured coverage."""

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression

from napari_acs.models.calibration_spec import HeldOutScores
from napari_acs.training.classification.calibration import cross_fitted, fit_calibration
from napari_acs.training.classification.conformal import measured_coverage
from napari_acs.training.classification.reliability import calibration_error, reliability


def twisted(count, seed):
    """Return logits whose truth comes in three steps, which no temperature makes."""
    rng = np.random.default_rng(seed)
    p = rng.random(count)
    truth = (rng.random(count) < np.select([p < 0.2, p < 0.8], [0.1, 0.5], 0.9)).astype(int)
    logits = torch.from_numpy(np.stack([np.log(1 - p), np.log(p)], axis=1))
    return logits, torch.from_numpy(truth)


def rare(count, seed):
    """Return logits that are honest; one case of eight is of class 1."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(count) < 1 / 8).astype(int)
    logit = rng.normal(2 * truth - 1, 1.0) * 2 + np.log(1 / 7)
    return torch.from_numpy(np.stack([0 * logit, logit], axis=1)), torch.from_numpy(truth)


def test_curves_are_scikit_learn_s_and_mend_what_a_temperature_cannot():
    logits, truth = twisted(4000, 0)
    plain = fit_calibration(logits, truth, "temperature")
    curved = fit_calibration(logits, truth, "isotonic")
    assert not plain.curves and curved.temperature == plain.temperature
    scores = plain.scores(logits)[:, 1].numpy()
    own = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, truth.numpy())
    new = np.linspace(0, 1, 50)
    ours = np.interp(new, curved.curves[1].scores, curved.curves[1].values)
    assert ours == pytest.approx(own.predict(new))
    logits, truth = twisted(4000, 1)
    errors = [
        calibration_error(f.probabilities(logits).numpy(), truth.numpy()) for f in (plain, curved)
    ]
    assert errors[1] < 0.04 < errors[0]


def test_a_case_does_not_calibrate_itself():
    logits, truth = twisted(60, 2)
    folds = [n % 3 for n in range(60)]
    _, found = cross_fitted(logits, truth, folds, "temperature")
    changed = truth.clone()
    changed[0] = 1 - changed[0]
    _, other = cross_fitted(logits, changed, folds, "temperature")
    own = torch.tensor(folds) == 0
    assert torch.equal(found[own], other[own])
    assert not torch.allclose(found[~own], other[~own])


def test_bins_and_error_are_those_of_scikit_learn():
    rng = np.random.default_rng(4)
    p = rng.dirichlet((1, 1, 1), 500)
    truth = rng.integers(0, 3, 500)
    bins = reliability(p, truth)
    observed, predicted = calibration_curve(p.argmax(1) == truth, p.max(1), n_bins=10)
    assert [one["observed"] for one in bins] == pytest.approx(observed)
    assert [one["predicted"] for one in bins] == pytest.approx(predicted)
    assert sum(one["count"] for one in bins) == 500
    counts = np.histogram(p.max(1), bins=10, range=(0, 1))[0]
    expected = np.average(np.abs(observed - predicted), weights=counts[counts > 0])
    assert calibration_error(p, truth) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["per-class", "marginal"])
def test_sets_hold_the_truth_as_often_as_stated(kind):
    logits, truth = rare(600, 5)
    scores = logits.softmax(dim=1)
    held = HeldOutScores(
        scores=tuple(map(tuple, scores.tolist())),
        truth=tuple((k,) for k in truth.tolist()),
        coverage=0.8,
        conformal=kind,
    )
    found = measured_coverage(held, [str(n // 2) for n in range(600)], 2)
    cases = found["covered"][1]
    low, high = found["interval"]
    assert cases == 600 and low <= 0.8 <= high
    assert [count for _, count in found["by_class"]] == np.bincount(truth.numpy()).tolist()
    shares = [hits / count for hits, count in found["by_class"]]
    if kind == "per-class":
        assert shares == pytest.approx([0.8, 0.8], abs=0.07)
    else:
        assert max(shares) - min(shares) > 0.1, "the rarer class pays"


def test_a_patients_other_cases_do_not_vouch_for_this_one():
    wrong, right = (0.1, 0.9), (0.9, 0.1)
    held = HeldOutScores(
        scores=(wrong,) * 5 + (right,) * 10,
        truth=((0,),) * 15,
        coverage=0.8,
        conformal="marginal",
    )
    strangers = measured_coverage(held, [str(n) for n in range(15)], 2)
    one_patient = measured_coverage(held, ["p"] * 5 + [str(n) for n in range(10)], 2)
    assert strangers["covered"] == [15, 15]
    assert one_patient["covered"] == [10, 15]
