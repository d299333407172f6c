"""From cases on disk to a classifier's bundle."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from scipy.ndimage import gaussian_filter

from napari_acs.errors import BadInput
from napari_acs.inference.classify_outlier import outlier_of
from napari_acs.models import load_classifier
from napari_acs.training.classification.boxes import CASES, load_boxes, prepare_boxes
from napari_acs.training.classification.run import run_classification
from napari_acs.training.layouts import find_training_cases

SHAPE = (18, 20, 22)


def write(path, array):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((3.0, 3.0, 3.0))
    sitk.WriteImage(image, str(path))


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Six cases, whose tumour enhances in every second one: 27 voxels of 27 mm3 are 0.73 ml."""
    root = tmp_path_factory.mktemp("cases")
    z, y, x = np.indices(SHAPE)
    inside = sum(((i - n / 2) / (n / 2 - 2)) ** 2 for i, n in zip((z, y, x), SHAPE)) < 1  # noqa: B905
    for number in range(6):
        folder = root / f"case-{number}"
        folder.mkdir()
        mask = np.zeros(SHAPE, np.uint8)
        mask[6:12, 8:14, 8:14] = 2
        mask[8:11, 9:12, 9:12] = 3 if number % 2 else 1
        noise = np.random.default_rng(number).normal(300, 30, SHAPE)
        for name in ("t1ce", "flair"):
            bright = 300 * (mask == 3) if name == "t1ce" else 150 * (mask > 0)
            write(folder / f"{name}.nii.gz", np.where(inside, noise + bright, 0).astype(np.int16))
        write(folder / "seg.nii.gz", mask)
    return find_training_cases([root])


def carried_out(*args, **more):
    work = run_classification(*args, pretrained=False, **more)
    said = []
    while True:
        try:
            said.append(next(work))
        except StopIteration as end:
            return end.value, said


def table_of(folders, path, labels, **columns):
    """Write a table of labels, with more columns if wanted."""
    with path.open("w", newline="") as file:
        rows = [
            [case.name, label, *(values[n] for values in columns.values())]
            for n, (case, label) in enumerate(zip(folders, labels, strict=True))
        ]
        csv.writer(file).writerows([["case", "label", *columns], *rows])
    return path


@pytest.fixture(scope="session")
def noise(tmp_path_factory):
    """Sixteen heads that differ in nothing that goes with a class."""
    root = tmp_path_factory.mktemp("noise")
    for number in range(16):
        rng = np.random.default_rng(1000 + number)
        folder = root / f"case-{number}"
        folder.mkdir()
        z, y, x = np.indices(SHAPE)
        away = [((i - n / 2) / (n / 2 - 2)) ** 2 for i, n in zip((z, y, x), SHAPE, strict=True)]
        inside = sum(away) < 1
        mask = np.zeros(SHAPE, np.uint8)
        mask[6:12, 8:14, 8:14] = 2
        for name in ("t1ce", "flair"):
            smooth = gaussian_filter(rng.normal(0, 1, SHAPE), 2) * 900
            write(folder / f"{name}.nii.gz", np.where(inside, 300 + smooth, 0).astype(np.int16))
        write(folder / "seg.nii.gz", mask)
    return find_training_cases([root])


SMALL = {"steps": 3, "decay_steps": 1, "folds": 2, "abstain_below": 0.6, "batch": 2}


def test_a_bundle_comes_with_held_out_figures_and_a_card_and_stopping_changes_nothing(
    recipe, folders, tmp_path
):
    plan = recipe(**SMALL)
    whole, said = carried_out(plan, folders, tmp_path / "run", tmp_path / "bundle")
    assert [p.fraction for p in said] == sorted(p.fraction for p in said)
    held = whole.spec.metrics["held_out"]
    assert (held["patients"], held["by_class"]) == (6, [3, 3])
    assert set(whole.spec.metrics["held_out_cases"]) == {folder.name for folder in folders}
    assert whole.spec.abstain_below == 0.6 and whole.spec.temperature != 1
    card = (whole.path / "card.md").read_text()
    for words in (
        "**The label follows from the reference mask itself**",
        "no molecular",
        "A test.",
    ):
        assert words in card
    assert ("no better than chance" in card) == (held["auroc_interval"][0] <= 0.5)
    for name, found in whole.spec.metrics["held_out_cases"].items():
        assert f"| {name} | {found['truth']} | {found['p'][found['truth']]:.2f} |" in card
    asked = iter([False] * 10 + [True] * 3)
    none, _ = carried_out(
        plan, folders, tmp_path / "again", tmp_path / "two", stop=lambda: next(asked, False)
    )
    assert none is None and not (tmp_path / "two").exists()
    again, _ = carried_out(plan, folders, tmp_path / "again", tmp_path / "two")
    assert again.sha256 == whole.sha256 == load_classifier(tmp_path / "two").sha256
    assert again.spec.metrics == whole.spec.metrics
    with pytest.raises(BadInput, match="exists"):
        carried_out(plan, folders, tmp_path / "run", tmp_path / "bundle")


def test_labels_from_a_table_or_from_the_masks_go_with_the_boxes(recipe, folders, tmp_path):
    list(prepare_boxes(recipe(), folders, tmp_path / "a", None))
    assert [box.label for box in load_boxes(tmp_path / "a" / CASES)] == [0, 1] * 3
    table = tmp_path / "labels.csv"
    with table.open("w", newline="") as file:
        rows = [
            [f.name, "bright" if n < 2 else "dark", f"p{n // 2}"] for n, f in enumerate(folders)
        ]
        csv.writer(file).writerows([["case", "label", "patient"], *rows])
    listed = recipe(derived=None, labels=table)
    list(prepare_boxes(listed, folders, tmp_path / "b", None))
    boxes = load_boxes(tmp_path / "b" / CASES)
    assert [box.label for box in boxes] == [1, 1, 0, 0, 0, 0]
    assert [box.patient for box in boxes] == ["p0", "p0", "p1", "p1", "p2", "p2"]
    assert boxes[0].channels.shape == (3, 20, 20, 20)


def test_what_cannot_be_trained_is_refused_before_it_starts(recipe, folders, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("case,label\ncase-0,dark\n")
    for number, (plan, cases, said) in enumerate(
        (
            (recipe(derived=None, labels=table), folders, "no label for case case-1"),
            (
                recipe(derived={"region": "ET", "at_least_ml": 50}),
                folders,
                "No case is of the class",
            ),
            (recipe(folds=7), folders, "6 patients cannot be split into 7"),
            (recipe(), [], "no case to train on"),
            (recipe(phantoms={"count": 2}), folders, "no tissue maps"),
        )
    ):
        with pytest.raises(BadInput, match=said):
            carried_out(plan, cases, tmp_path / f"run{number}", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_boxes_of_one_recipe_are_never_taken_for_another_s(recipe, folders, tmp_path):
    list(prepare_boxes(recipe(), folders[:1], tmp_path, None))
    list(prepare_boxes(recipe(steps=99), folders[:2], tmp_path, None))
    assert len(load_boxes(tmp_path / CASES)) == 2
    for change in ({"derived": {"region": "ET", "at_least_ml": 9}}, {"margin": [1, 1, 1]}):
        with pytest.raises(BadInput, match="another recipe"):
            list(prepare_boxes(recipe(**change), folders, tmp_path, None))


def test_labels_that_are_noise_give_a_classifier_that_is_no_better_than_chance(
    recipe, noise, tmp_path
):
    """It learns them by heart; what counts is that the figures of held-out patients say so."""
    names = np.random.default_rng(7).permutation(["dark"] * 8 + ["bright"] * 8)
    labels = table_of(noise, tmp_path / "labels.csv", names)
    plan = recipe(derived=None, labels=labels, steps=20, decay_steps=5, folds=4)
    bundle, _ = carried_out(plan, noise, tmp_path / "run", tmp_path / "bundle")
    held = bundle.spec.metrics["held_out"]
    low, high = held["auroc_interval"]
    assert low <= 0.5 <= high
    assert "no better than chance on real cases" in (bundle.path / "card.md").read_text()


def test_a_patient_given_twice_under_two_names_stops_the_training(recipe, noise, tmp_path):
    """Its class would leak: the network of one fold has seen the head that it is judged by."""
    copy = tmp_path / "again" / "someone-else"
    copy.mkdir(parents=True)
    for name in ("t1ce", "flair", "seg"):
        image = sitk.ReadImage(str(noise[3].folder / f"{name}.nii.gz"))
        sitk.WriteImage(image if name == "seg" else image * 2, str(copy / f"{name}.nii.gz"))
    cases = [*noise[:8], *find_training_cases([copy.parent])]
    labels = table_of(cases, tmp_path / "labels.csv", ["dark", "bright"] * 4 + ["bright"])
    plan = recipe(derived=None, labels=labels, folds=4)
    twins = f"{noise[3].name} and someone-else show the same images"
    with pytest.raises(BadInput, match=twins):
        carried_out(plan, cases, tmp_path / "run", tmp_path / "bundle")
    assert not list((tmp_path / "run").glob("fold-*")), "nothing was trained"
    # Said to be one patient, they are kept on one side of every fold.
    whose = [*(f"p{n}" for n in range(8)), "p3"]
    names = ["dark", "bright"] * 4 + ["bright"]
    table_of(cases, labels, names, patient=whose)
    plan = recipe(derived=None, labels=labels, folds=4, steps=2, decay_steps=1)
    bundle, _ = carried_out(plan, cases, tmp_path / "again-run", tmp_path / "bundle")
    assert bundle.spec.metrics["held_out"]["patients"] == 8


def test_a_site_that_is_the_class_stops_the_training_unless_it_is_allowed(recipe, noise, tmp_path):
    names = ["dark"] * 8 + ["bright"] * 8
    labels = table_of(noise, tmp_path / "labels.csv", names, site=["north"] * 8 + ["south"] * 8)
    fields = {"derived": None, "labels": labels, "steps": 2, "decay_steps": 1, "folds": 2}
    with pytest.raises(BadInput, match="site tells the class of every case"):
        carried_out(recipe(**fields), noise, tmp_path / "run", tmp_path / "bundle")
    allowed = recipe(**fields, site_is_class="allowed")
    bundle, _ = carried_out(allowed, noise, tmp_path / "other", tmp_path / "bundle")
    assert bundle.spec.metrics["sites"]["agreement"] == 1
    assert "may have learned the site" in (bundle.path / "card.md").read_text()


def test_the_networks_of_the_folds_may_ship_and_tell_what_is_unlike_them(recipe, noise, tmp_path):
    labels = table_of(noise, tmp_path / "labels.csv", ["dark", "bright"] * 8)
    plan = recipe(
        derived=None,
        labels=labels,
        steps=3,
        decay_steps=1,
        folds=4,
        ships="folds",
        mirrored=True,
        calibration="isotonic",
        coverage=0.5,
    )
    bundle, said = carried_out(plan, noise, tmp_path / "run", tmp_path / "bundle")
    spec = bundle.spec
    assert spec.architecture.name == "acs-classifier-ensemble"
    assert spec.architecture.arguments["members"] == 4
    assert not (tmp_path / "run" / "final").exists() and said[-1].fraction == 1
    assert len(spec.calibration.isotonic) == 2 and spec.calibration.after
    assert len(spec.held_out.scores) == 16 and spec.held_out.coverage == 0.5
    covered, of_all = spec.metrics["prediction_sets"]["covered"]
    assert 0 <= covered <= of_all == 16
    card = (bundle.path / "card.md").read_text()
    assert "as an ensemble, which was not judged as a whole" in card
    assert len(spec.features.members) == 4 and spec.features.cases == 16
    boxes = load_boxes(tmp_path / "run" / "cache" / CASES)
    network = bundle.network()
    known = [outlier_of(spec.features, seen(network, box.channels)) for box in boxes]
    assert not any(one.far for one in known)
    noisy = boxes[0].channels.clone()
    noisy[:2] = torch.randn(noisy[:2].shape, generator=torch.Generator().manual_seed(0)) * 4
    assert outlier_of(spec.features, seen(network, noisy)).far


@torch.no_grad()
def seen(network, channels):
    answer = network.answer(channels[None, :, 2:-2, 2:-2, 2:-2].float())
    return [each[0].double().numpy() for each in answer.seen]


def test_a_fold_is_judged_as_often_as_the_recipe_says(recipe, folders, tmp_path):
    said = carried_out(recipe(validate_every=5), folders, tmp_path / "run", tmp_path / "out")[1]
    for fold, judged in (("fold-1", ["5", "10", "12"]), ("final", ["12"])):
        with (tmp_path / "run" / fold / "log.csv").open() as file:
            scored = [row["step"] for row in csv.DictReader(file) if row["score"]]
        assert scored == judged, fold
    assert any("fold-1: loss" in m.stage and ", accuracy " in m.stage for m in said)


def test_a_table_of_labels_is_read_before_any_image_and_may_be_utf_16(recipe, folders, tmp_path):
    fields = {"derived": None, "labels": tmp_path / "labels.csv"}
    looked = []
    with pytest.raises(BadInput, match=r"labels.csv cannot be read as CSV"):
        carried_out(
            recipe(**fields),
            folders,
            tmp_path / "run",
            tmp_path / "out",
            looked=lambda *told: looked.append(told),
        )
    assert not looked
    text = table_of(folders, tmp_path / "labels.csv", ["dark", "bright"] * 3).read_text()
    (tmp_path / "labels.csv").write_text(text, encoding="utf-16")
    prepared = prepare_boxes(recipe(**fields), folders, tmp_path / "cache", None)
    assert len(list(prepared)) == 6
