"""Metrics, calibration, labels and recipes of classifiers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from napari_acs.errors import BadInput
from napari_acs.models.spec import ClassLabel
from napari_acs.training.classification.calibration import BOUNDS, fit_temperature
from napari_acs.training.classification.labels import read_labels_csv
from napari_acs.training.classification.metrics import held_out_metrics
from napari_acs.training.classification.recipe import read_classification
from napari_acs.training.classification.reliability import calibration_error
from napari_acs.training.recipe import find_recipe

CLASSES = [ClassLabel(name=name, title=name) for name in ("a", "b")]


def pairs_won(p, truth):
    """AUROC by its meaning: how often a case of class 1 gets more than one of class 0."""
    ones, zeros = p[truth == 1], p[truth == 0]
    return np.mean([(a > b) + 0.5 * (a == b) for a in ones for b in zeros])


@given(st.integers(0, 100))
@settings(max_examples=4, deadline=None)
def test_figures_are_what_their_names_say(seed):
    rng = np.random.default_rng(seed)
    truth = np.r_[0, 1, rng.integers(0, 2, 14)]
    p = rng.random(16).round(2).clip(0.01, 0.99)
    patients = [str(i) for i in range(16)]
    found = held_out_metrics(np.stack([1 - p, p], axis=1), truth.tolist(), patients, 0, 50)
    assert found["auroc"] == pytest.approx(pairs_won(p, truth))
    low, high = found["auroc_interval"]
    assert 0 <= low <= high <= 1
    # A tie goes to the first class.
    right = (p > 0.5) == (truth == 1)
    assert found["accuracy"] == pytest.approx(right.mean())
    each = np.mean([right[truth == one].mean() for one in (0, 1)])
    assert found["balanced_accuracy"] == pytest.approx(each)
    expected = -np.mean(np.log(np.where(truth == 1, p, 1 - p)))
    assert found["log_loss"] == pytest.approx(expected)
    assert found["auprc"] == pytest.approx(average_precision_score(truth, p))
    assert found["brier"] == pytest.approx(brier_score_loss(truth, p))
    for name in ("balanced_accuracy", "auprc", "brier", "ece"):
        low, high = found[f"{name}_interval"]
        assert 0 <= low <= high <= 1


def test_several_classes_count_as_in_scikit_learn():
    rng = np.random.default_rng(3)
    p = rng.dirichlet((1, 1, 1), 40)
    truth = rng.integers(0, 3, 40)
    found = held_out_metrics(p, truth.tolist(), [str(i) for i in range(40)], 0, 20)
    assert found["auroc"] == pytest.approx(roc_auc_score(truth, p, multi_class="ovr"))
    assert found["brier"] == pytest.approx(brier_score_loss(truth, p, labels=[0, 1, 2]))


def test_the_calibration_error_is_the_gap_between_surer_and_right():
    p = np.array([[0.9, 0.1]] * 10 + [[0.35, 0.65]] * 10)
    truth = np.array([0] * 6 + [1] * 4 + [1] * 7 + [0] * 3)
    # 0.9 sure and 6 of 10 right; 0.65 sure and 7 of 10 right.
    assert calibration_error(p, truth) == pytest.approx(0.5 * 0.3 + 0.5 * 0.05)
    # In many cases with honest probabilities it is nearly nothing.
    rng = np.random.default_rng(0)
    sure = rng.random(20_000)
    honest = (rng.random(20_000) < sure).astype(int)
    assert calibration_error(np.stack([1 - sure, sure], axis=1), honest) < 0.02


def test_noise_has_an_interval_round_a_half_and_one_class_has_no_area():
    rng = np.random.default_rng(1)
    p = rng.random((60, 3)) + 0.1
    p /= p.sum(axis=1, keepdims=True)
    truth = rng.integers(0, 3, 60).tolist()
    low, high = held_out_metrics(p, truth, [str(i) for i in range(60)], 0, 100)["auroc_interval"]
    assert low < 0.5 < high
    assert "auroc" not in held_out_metrics(p[:3], [0, 0, 1], ["a", "b", "c"])


def test_patients_are_drawn_whole():
    """Ten copies of a patient's case say no more than one."""
    p, truth = np.array([0.2, 0.6, 0.4, 0.9, 0.5]), [0, 0, 1, 1, 1]
    both = np.stack([1 - p, p], axis=1)
    once = held_out_metrics(both, truth, list("abcde"), 0, 300)
    copies = [np.repeat(each, 10, axis=0) for each in (both, truth, list("abcde"))]
    often = held_out_metrics(copies[0], copies[1].tolist(), copies[2].tolist(), 0, 300)
    assert often["patients"] == 5
    assert often["auroc_interval"] == pytest.approx(once["auroc_interval"], abs=0.02)


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_labels_is_found(true):
    rng = torch.Generator().manual_seed(0)
    logits = torch.randn((4000, 3), generator=rng) * 3
    drawn = torch.multinomial((logits / true).softmax(dim=1), 1, generator=rng)[:, 0]
    assert fit_temperature(logits, drawn) == pytest.approx(true, rel=0.1)


def test_certainty_is_never_claimed_from_a_few_that_are_right():
    logits = torch.tensor([[3.0, -3.0], [-3.0, 3.0]])
    assert fit_temperature(logits, torch.tensor([0, 1])) == pytest.approx(BOUNDS[0], rel=0.01)
    assert fit_temperature(logits, torch.tensor([1, 0])) == pytest.approx(BOUNDS[1], rel=0.01)
    assert math.isfinite(fit_temperature(torch.zeros(2, 2), torch.tensor([0, 1])))


def test_labels_come_from_a_table(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("﻿case,label,patient\nx1,b,x\nx2,b,x\ny,a,\n", encoding="utf-8")
    found = read_labels_csv(table, CLASSES)
    assert {k: (v.label, v.patient) for k, v in found.items()} == {
        "x1": (1, "x"),
        "x2": (1, "x"),
        "y": (0, ""),
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"case,grade\nx,a\n", "no column 'label'"),
        (b"case,label\nx,c\n", "no class"),
        (b"case,label\nx,a\nx,b\n", "'x' twice"),
        (b"\xff\xfe\x00", "cannot be read as CSV"),
        (b"", "no column"),
    ],
)
def test_tables_that_will_not_do_are_a_sentence(tmp_path, content, said):
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(BadInput, match=said):
        read_labels_csv(tmp_path / "labels.csv", CLASSES)


def test_the_shipped_recipe_is_read_and_mistakes_are_named(tmp_path, recipe):
    shipped = read_classification(find_recipe("demo-enhancing-acs-mobilenetv2"))
    assert shipped.derived.at_least_ml == 0.5 and shipped.input.needs_mask
    for changes, said in (
        ({"labels": "x.csv"}, "either labels"),
        ({"derived": None, "labels": "x.csv", "phantoms": {"count": 3}}, "derived labels only"),
        ({"classes": [{"name": n, "title": n} for n in "abc"]}, "two classes"),
        ({"colour": "red"}, "colour"),
    ):
        with pytest.raises(ValueError, match=said):
            recipe(**changes)
    (tmp_path / "r.yaml").write_text("id: [")
    with pytest.raises(BadInput, match="not valid YAML"):
        read_classification(tmp_path / "r.yaml")
    (tmp_path / "r.yaml").write_text("id: x\ntask: classification\n")
    with pytest.raises(BadInput, match="architecture: Field required"):
        read_classification(tmp_path / "r.yaml")
