"""What a training says of itself: calibrated figures, each of cases that nothing was fitted on."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from training.classification.conftest import box

from napari_acs.training.classification import outcome
from napari_acs.training.classification.calibration import cross_fitted, fit_temperature
from napari_acs.training.classification.metrics import held_out_metrics
from napari_acs.training.classification.stages import Stage

SURE = 6.0
"""Of the logits, right or wrong: far too sure for one in four that is wrong."""


@pytest.fixture
def judged(recipe, monkeypatch):
    """A training of three folds whose networks are sure of all, and wrong of every fourth."""
    folds = [[box(n + 8 * fold, n % 2) for n in range(8)] for fold in range(3)]
    stages = [Stage(f"fold-{n}", 1, (), tuple(held)) for n, held in enumerate(folds)]
    wrong = {held.name for fold in folds for held in fold[:2]}

    def logits_of(_network, boxes, _margin):
        signs = torch.tensor(
            [(-1.0 if b.name in wrong else 1.0) * (2 * b.label - 1) for b in boxes]
        )
        strength = torch.tensor([SURE - (int(b.name.split("-")[1]) % 3) for b in boxes])
        return torch.stack([-signs * strength / 2, signs * strength / 2], dim=1)

    monkeypatch.setattr(outcome, "logits_of", logits_of)
    monkeypatch.setattr(outcome, "_features", lambda *_: None)
    few = partial(held_out_metrics, seed=0, resamples=20)  # the intervals are not looked at here
    monkeypatch.setattr(outcome, "held_out_metrics", few)
    asked, measure = [], outcome.measured_coverage

    def measured(held, patients, classes):
        asked.extend(patients)
        return measure(held, patients, classes)

    monkeypatch.setattr(outcome, "measured_coverage", measured)
    plan = recipe(abstain_below=0.74)
    fresh = [box(100 + n, n % 2) for n in range(6)]
    found = outcome.judged(plan, stages, lambda stage: stage, None, fresh)
    boxes = [held for fold in folds for held in fold]
    assert asked == [held.patient for held in boxes], "a patient's cases vouch for others alone"
    truth = torch.tensor([b.label for b in boxes])
    which = [n for n, fold in enumerate(folds) for _ in fold]
    return found, boxes, logits_of(None, boxes, None), truth, which


def test_what_ships_is_calibrated_by_all_held_out_cases(judged):
    found, _, logits, truth, _ = judged
    fitted = fit_temperature(logits, truth)
    assert fitted > 1.5
    assert found.fields["temperature"] == pytest.approx(fitted, abs=1e-4)
    shipped = (logits.double() / fitted).softmax(dim=1)
    stored = torch.tensor(found.fields["held_out"]["scores"], dtype=torch.float64)
    torch.testing.assert_close(stored, shipped, atol=1e-5, rtol=0)
    fresh = found.metrics["fresh_phantoms"]
    assert fresh["accuracy"] == 1.0
    assert 0.05 < fresh["log_loss"] < 1, "by the calibration that ships, not as sure as before"


def test_figures_are_of_a_calibration_without_the_cases_own_fold(judged):
    found, boxes, logits, truth, which = judged
    before, after = cross_fitted(logits, truth, which, "temperature")
    told, cases = found.metrics["held_out"], found.metrics["held_out_cases"]
    loss = float(torch.nn.functional.nll_loss(after.log(), truth))
    assert told["log_loss"] == pytest.approx(loss, abs=1e-4)
    raw = float(torch.nn.functional.nll_loss(before.log(), truth))
    assert told["log_loss_before_calibration"] == pytest.approx(raw, abs=1e-4)
    assert raw > 1.5 * loss
    for one, row in zip(boxes, after.tolist(), strict=True):
        assert cases[one.name]["truth"] == ("dark", "bright")[one.label]
        assert list(cases[one.name]["p"].values()) == pytest.approx(row, abs=1e-4)


def test_right_of_named_counts_those_alone_that_are_named(judged):
    found, _, logits, truth, which = judged
    _, after = cross_fitted(logits, truth, which, "temperature")
    named = after.max(dim=1).values >= 0.74
    right = after.argmax(dim=1) == truth
    assert 0 < int(named.sum()) < len(truth)
    told = found.metrics["held_out"]
    assert told["abstained"] == int((~named).sum())
    assert told["right_of_named"] == [int((right & named).sum()), int(named.sum())]
