"""What the sequence classifier is trained on and judged by."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from napari_acs.imaging import SEQUENCES, sample_study
from napari_acs.imaging.brain import is_skull_stripped
from napari_acs.models.classifier import ACSClassifier
from napari_acs.training.classification.reliability import calibration_error
from napari_acs.training.sequences.early import Late, early_maps, fit_statistics
from napari_acs.training.sequences.fit import Plan, fit, jittered, logits_of
from napari_acs.training.sequences.judge import (
    chances,
    confusion,
    fitted_temperature,
)
from napari_acs.training.sequences.others import KINDS, draw_other, whole_noise
from napari_acs.training.sequences.pool import CLASSES, INPUT, PHANTOM, Pool, of_patient
from napari_acs.training.sequences.report import judged, tables
from napari_acs.training.sequences.scalp import with_scalp
from napari_acs.training.sequences.scans import on_a_grid, scanned_again
from napari_acs.training.sequences.sources import Patient, at_spacing
from napari_acs.training.sequences.steps import FOLDS, folds_of
from napari_acs.training.sequences.variation import varied


@pytest.fixture(scope="module")
def coarse():
    return {key: at_spacing(volume, 4.0) for key, volume in sample_study().sequences.items()}


@pytest.mark.parametrize("seed", range(6))
def test_a_scan_is_drawn_by_its_seed_and_keeps_its_air_where_it_was(coarse, seed):
    one = scanned_again(np.random.default_rng(seed), coarse["t2"])
    again = scanned_again(np.random.default_rng(seed), coarse["t2"])
    np.testing.assert_array_equal(one.array, again.array)
    assert np.isfinite(one.array).all()
    assert one.array.min() < one.array.max()


def test_a_scalp_makes_a_head_of_a_brain_and_leaves_the_brain(coarse):
    before = coarse["flair"]
    head = with_scalp(np.random.default_rng(1), before, "flair")
    assert is_skull_stripped(before.array)
    assert not is_skull_stripped(head.array)
    pad = round(24 / 4)
    inside = np.pad(before.array > 0, pad)
    brain = np.pad(before.array, pad)[inside]
    assert np.corrcoef(brain, head.array[inside])[0, 1] > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_other_images_are_images(coarse, kind):
    arrays = {key: np.asarray(volume.array) for key, volume in coarse.items()}
    made = draw_other(np.random.default_rng(2), arrays, 4.0, kind).array
    assert np.isfinite(made).all()
    assert made.min() < made.max()


def test_a_patients_boxes(coarse):
    patient = Patient("p", tuple(coarse.items()), (False,) * 4)
    entries = list(of_patient(patient, 0, copies=2))
    kinds = [kind for *_, kind in entries]
    assert kinds.count("clean") == kinds.count("scalp") == kinds.count("again") == 4
    assert all(box.shape == INPUT.size for box, *_ in entries)
    assert {CLASSES[label] for _, label, _, kind in entries if kind == "clean"} == set(SEQUENCES)
    assert all(CLASSES[label] == "other" for _, label, _, kind in entries if "other" in kind)


def little_pool(count: int = 40) -> Pool:
    """Boxes whose mean tells their class, of ten patients and of phantoms."""
    rng = np.random.default_rng(0)
    classes = np.arange(count) % len(CLASSES)
    boxes = rng.normal(0, 0.1, (count, 16, 16, 16)) + classes[:, None, None, None]
    names = [PHANTOM if i < 5 else f"p{i % 10}" for i in range(count)]
    return Pool(
        boxes.astype(np.float16), classes, np.array(names), np.array(["clean"] * count, "U20")
    )


def test_no_patient_is_in_two_folds_and_phantoms_are_in_none():
    pool = little_pool()
    folds = folds_of(pool)
    assert set(folds[pool.patients == PHANTOM]) == {-1}
    real = pool.patients != PHANTOM
    assert set(folds[real]) == set(range(FOLDS))
    for name in set(pool.patients[real].tolist()):
        assert len(set(folds[pool.patients == name])) == 1


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.AvgPool3d(8), nn.Flatten(), nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1),
        nn.Linear(16, len(CLASSES)),
    )  # fmt: skip


def trained(learner, pool, chosen, plan, file):
    copies = [pool.boxes[:, None], pool.boxes[:, None] + np.float16(0.01)]
    return fit(learner, copies, pool.classes, chosen, plan, file)


def test_a_run_that_was_killed_ends_as_one_that_was_not(tmp_path, one_torch_thread):
    pool, chosen = little_pool(), np.arange(40)
    plan = Plan(steps=12, batch=4, checkpoint_every=4)
    whole = network()
    assert len(list(trained(whole, pool, chosen, plan, tmp_path / "whole.pt"))) == 12
    killed = trained(network(), pool, chosen, plan, tmp_path / "cut.pt")
    for _ in range(6):
        next(killed)
    killed.close()
    resumed = network()
    steps = [step for step, _ in trained(resumed, pool, chosen, plan, tmp_path / "cut.pt")]
    assert steps == list(range(5, 13)), "from the last checkpoint on"
    np.testing.assert_allclose(
        logits_of(resumed, pool.boxes[:, None]),
        logits_of(whole, pool.boxes[:, None]),
        atol=1e-6,
    )


def test_it_learns_and_sees_only_what_was_chosen(tmp_path):
    pool, chosen = little_pool(), np.arange(20)
    pool.boxes[20:] = np.nan
    learner = network()
    plan = Plan(steps=300, batch=8, rate=3e-2)
    list(trained(learner, pool, chosen, plan, tmp_path / "c.pt"))
    told = logits_of(learner, pool.boxes[:20, None]).argmax(1)
    assert (told == pool.classes[:20]).mean() >= 0.9


def test_varied_boxes_keep_air(one_torch_thread):
    box = torch.zeros(20, 20, 20)
    box[5:15, 5:15, 5:15] = 2
    made = varied(np.random.default_rng(0), box)
    assert made.shape == box.shape
    assert float(made.min()) == 0
    assert float(box.max()) == 2, "the pool is not changed"


@pytest.mark.parametrize("seed", range(4))
def test_noise_fills_its_volume(seed):
    noise = np.asarray(whole_noise(np.random.default_rng(seed)).array)
    assert np.isfinite(noise).all()
    spread = [half.std() for axis in range(3) for half in np.array_split(noise, 2, axis)]
    assert min(spread) > 0.5 * max(spread), "as much of it in each half"


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    return ACSClassifier("mobilenet_v2", 1, len(CLASSES), resolutions=4)


def test_early_and_late_stages_are_the_network(classifier, tmp_path, one_torch_thread):
    pool = little_pool(20)
    boxes = np.zeros((20, 32, 32, 32), np.float16)
    boxes[:, 8:24, 8:24, 8:24] = np.random.default_rng(1).random((20, 16, 16, 16))
    pool = Pool(boxes, pool.classes, pool.patients, pool.kinds)
    fit_statistics(classifier, pool.boxes)
    plain = early_maps(classifier, pool, 0, tmp_path / "0.npy")
    with torch.no_grad():
        whole = classifier.eval()(torch.from_numpy(boxes).float()[:, None])
    np.testing.assert_allclose(logits_of(Late(classifier), plain), whole, rtol=0.02, atol=0.02)
    kept = early_maps(classifier, pool, 1, tmp_path / "1.npy")
    assert not np.allclose(plain, kept), "a variation"
    again = early_maps(classifier, pool, 1, tmp_path / "2.npy")
    np.testing.assert_array_equal(kept, again)


def test_maps_are_varied_and_not_changed_in_place():
    maps = torch.ones(64, 3, 6, 6, 6)
    made = jittered(np.random.default_rng(0), maps)
    assert float(maps.min()) == 1
    assert float(made.min()) == 0, "a slab is left out of some"
    assert 0.5 < float(made[made > 0].mean()) < 1.5


def test_a_temperature_mends_what_is_too_sure():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 5))
    p = chances(logits)
    truth = np.array([rng.choice(5, p=row) for row in p])
    too_sure = logits * 3
    temperature = fitted_temperature(too_sure, truth)
    assert temperature == pytest.approx(3, rel=0.1)
    before = calibration_error(chances(too_sure), truth)
    after = calibration_error(chances(too_sure, temperature), truth)
    assert after < 0.03
    assert before > 0.1


def test_calibration_error_and_confusion_by_hand():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    truth = np.array([0, 1, 1])
    assert calibration_error(p, truth) == pytest.approx((0.1 + 0.8 + 0.3) / 3)
    assert confusion(p, truth, 2).tolist() == [[1, 0], [1, 1]]


def test_the_report_names_the_mistakes():
    pool = little_pool()
    where = np.flatnonzero(pool.patients != PHANTOM)
    logits = 6.0 * np.eye(len(CLASSES))[pool.classes[where]]
    logits[3] = np.roll(logits[3], 1)
    pool.kinds[where[0]] = "native"
    pool.kinds[where[1:6]] = ["again", "native-again", "scalp", "other-mask", "clean"]
    metrics = judged(pool, where, logits)
    wrong = [line for line in metrics["mistakes_real"] if pool.patients[where[3]] in line]
    assert len(metrics["mistakes_real"]) == len(wrong) == (pool.kinds[where[3]] == "clean")
    text = "\n".join(tables(metrics))
    assert f"{metrics['temperature']:.2f}" in text


def test_a_volume_on_a_grid():
    volume = on_a_grid(np.zeros((3, 4, 5), np.float32), np.array([3.0, 2.0, 1.0]))
    assert volume.grid.size == (5, 4, 3)
    assert volume.grid.spacing == (1, 2, 3)
