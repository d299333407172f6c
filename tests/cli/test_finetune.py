"""``napari-acs finetune`` from corrected studies to a bundle: kept, judged, promoted or refused."""

import json
import os
import shutil
import signal
from hashlib import sha256

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from napari_acs.cli import app
from napari_acs.imaging import read_study
from napari_acs.imaging.pseudonym import KEY_VARIABLE
from napari_acs.models import default_bundle_id, load_bundle, save_bundle
from napari_acs.models.imports.regions import output_of
from napari_acs.models.monai_networks import monai_network
from napari_acs.models.settings import Settings, write_settings
from napari_acs.models.store import DEFAULT_ID, user_folder
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.masks import given_mask
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.sources import find_sources
from napari_acs.training.alone import LOCK, alone_in
from napari_acs.training.finetune import job
from napari_acs.training.finetune.cases import prepare_corrected

TINY = {
    "network": "UNet",
    "arguments": {
        "spatial_dims": 3,
        "in_channels": 4,
        "out_channels": 3,
        "channels": [8, 16],
        "strides": [2],
    },
}
"""Learns in seconds, and is no network of ours: scores regions each on its own, axes x, y, z."""
SEQUENCES = ("t1", "t1ce", "t2", "flair")
RATE = 3e-3


def _write(folder, seed, *, wrong=False):
    """A ball for a brain, and a tumour in it; a wrong mask says the opposite of the images."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    z, y, x = np.indices((36, 40, 38)) - 18
    brain = z**2 + y**2 + x**2 < 17**2
    distance = np.sqrt(
        sum((a - s) ** 2 for a, s in zip((z, y, x), rng.integers(-4, 5, 3), strict=True))
    )
    tumour = np.select([distance < r for r in (4, 6, 9)], [1, 4, 2], 0) * brain
    looks = {
        "t1": (0, -1, -0.5, 0, -1),
        "t1ce": (0, -1, -0.5, 0, 3),
        "t2": (0, 3, 2, 0, 2),
        "flair": (0, 1, 3, 0, 2),
    }
    for name, values in looks.items():
        array = 300 + 60 * np.asarray(values)[tumour] + rng.normal(0, 15, tumour.shape)
        image = sitk.GetImageFromArray((brain * array).astype(np.float32))
        image.SetSpacing((2, 2, 2))
        sitk.WriteImage(image, folder / f"{folder.name}_{name}.nii.gz")
    drawn = np.where(brain & (distance > 12), 4, 0) if wrong else tumour
    mask = sitk.GetImageFromArray(drawn.astype(np.uint8))
    mask.SetSpacing((2, 2, 2))
    sitk.WriteImage(mask, folder / f"{folder.name}_seg.nii.gz")


def _bundle(folder, **more):
    torch.manual_seed(3)
    meanings = [frozenset(names) for names in (("NCR", "ED", "ET"), ("NCR", "ET"), ("ET",))]
    fields = {
        "id": folder.name,
        "version": "2.1",
        "title": "Parent",
        "task": "segmentation",
        "architecture": {"name": "monai", "arguments": TINY},
        "input": {
            "channels": [{"name": name} for name in SEQUENCES],
            "spacing_mm": [2, 2, 2],
            "patch": [24, 24, 24],
            "axes": "xyz",
        },
        "output": output_of(meanings, "sigmoid", "a test"),
        "data": ["somebody's cases"],
        "licence": "CC0-1.0",
        **more,
    }
    return save_bundle(folder, fields, monai_network(**TINY, size_bytes=10**6), "# Parent\n")


def _finetune(place, bundle, out, *more, data="data"):
    options = ["--data", place / data, "--out", place / out, "--learning-rate", RATE, "--batch", 1]
    run = () if "--run" in more else ("--run", place / f"run-{out}")
    result = CliRunner().invoke(app, [*map(str, ["finetune", bundle, *options, *run, *more])])
    return result.exit_code, result.output.replace("\n", " ")


def _bytes(folder):
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def _dice(bundle, when):
    metrics = bundle.spec.metrics["before"] if when == "before" else bundle.spec.metrics
    return {name: scores["dice"] for name, scores in metrics["mean_cases"].items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Corrected cases, wrong ones with right ones to judge by, and a parent of random weights."""
    root = tmp_path_factory.mktemp("finetune")
    for seed in range(4):
        _write(root / "data" / f"case{seed}", seed)
        _write(root / "wrong" / f"case{seed}", seed, wrong=seed != 3)
    _bundle(root / "parent")
    return root


@pytest.fixture(scope="module")
def better(place):
    """A fine-tune of the random parent, promoted: it cannot but be better."""
    before = _bytes(place / "parent")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        code, said = _finetune(
            place, place / "parent", "better", "--validation", "case3", "--steps", 150, "--promote",
            "--json", place / "report.json",
        )  # fmt: skip
    finally:
        torch.set_num_threads(threads)
    default = default_bundle_id()
    write_settings(Settings())
    yield load_bundle(place / "better"), code, said, default, before
    shutil.rmtree(user_folder(), ignore_errors=True)


def test_a_damaged_parent_is_bettered_and_the_new_one_promoted(place, better):
    bundle, code, said, default, before = better
    assert code == 0, said
    assert default == "parent-finetuned"
    assert sum(_dice(bundle, "after").values()) > sum(_dice(bundle, "before").values()) + 0.5
    assert bundle.spec.training["worse_than_parent"] is False
    assert "Only one held-out case" in said
    assert _bytes(place / "parent") == before
    report = json.loads((place / "report.json").read_text())
    assert report["worse"] is False
    assert report["after"]["mean_cases"] == bundle.spec.metrics["mean_cases"]


def test_the_new_bundle_says_where_it_comes_from_and_before_against_after(place, better):
    bundle = better[0]
    parent = load_bundle(place / "parent")
    assert (bundle.spec.id, bundle.spec.version) == ("parent-finetuned", "1.0.0")
    assert bundle.spec.training["parent"] == {
        "id": "parent",
        "version": "2.1",
        "sha256": parent.sha256,
    }
    assert bundle.spec.training["cases"] == ["case0", "case1", "case2"]
    for same in ("input", "output", "architecture", "licence"):
        assert getattr(bundle.spec, same) == getattr(parent.spec, same)
    card = (bundle.path / "card.md").read_text(encoding="utf-8")
    for name in ("WT", "TC", "ET"):
        old, new = (_dice(bundle, when)[name] for when in ("before", "after"))
        assert f"{old:.3f} → {new:.3f}" in card
    assert parent.sha256 in card
    assert "not for clinical use" in card


def test_a_worse_model_is_kept_and_marked_but_never_promoted_without_a_word(place, better):
    code, said = _finetune(
        place, better[0].path, "worse", "--validation", "case3", "--steps", 60, "--promote",
        "--id", "spoilt", data="wrong",
    )  # fmt: skip
    assert code == 2, said
    assert "was not promoted" in said
    bundle = load_bundle(place / "worse")
    assert bundle.spec.training["worse_than_parent"] is True
    assert "Worse than the old model" in (place / "worse" / "card.md").read_text()
    assert default_bundle_id() == DEFAULT_ID
    assert not (user_folder() / "spoilt").exists()
    code, said = _finetune(
        place, better[0].path, "accepted", "--validation", "case3", "--steps", 60, "--promote",
        "--id", "spoilt", "--accept-worse", "--run", place / "run-worse", data="wrong",
    )  # fmt: skip
    assert code == 0, said
    assert default_bundle_id() == "spoilt"
    write_settings(Settings())


@pytest.mark.usefixtures("one_torch_thread")
def test_a_review_session_is_fine_tuned_from(place, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "a secret of this test")
    cases = make_cases(find_sources([place / "data"]))
    path = place / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    code, said = _finetune(place, place / "parent", "reviewed", "--steps", 3, data=path.name)
    assert code == 2
    assert "s.review gives no training set" in said
    with open_session(path) as session:
        for number, status in enumerate(("accepted", "accepted", "rejected", "accepted"), start=1):
            given_mask(session, number, read_study(cases[number - 1].path).grid)
            decide(session, number, status)
    code, said = _finetune(place, place / "parent", "reviewed", "--steps", 3, data=path.name)
    assert code == 0, said
    training = load_bundle(place / "reviewed").spec.training
    taken = {*training["cases"], *training["held_out"]}
    assert taken == {case.name for number, case in enumerate(cases) if number != 2}


@pytest.mark.usefixtures("one_torch_thread")
def test_a_run_that_was_killed_and_stopped_goes_on_as_if_nothing_was(place, monkeypatch):
    assert _finetune(place, place / "parent", "whole", "--steps", 6)[0] == 0
    steps = job.train

    def killed(*args, **kwargs):
        for step in steps(*args, **kwargs):
            yield step
            if step.step == 2:
                raise MemoryError("as a kill would, in the middle")

    def interrupted(*args, **kwargs):
        for step in steps(*args, **kwargs):
            if step.step == 3:
                os.kill(os.getpid(), signal.SIGINT)
            yield step

    for train, ends in ((killed, 1), (interrupted, 3), (steps, 0)):
        monkeypatch.setattr(job, "train", train)
        code, said = _finetune(place, place / "parent", "parts", "--steps", 6)
        assert code == ends, said
        assert (place / "parts").exists() is (ends == 0)
        assert ("goes on with the run" in said) is (ends == 3)
    whole, parts = (load_file(place / n / "weights.safetensors") for n in ("whole", "parts"))
    for name, tensor in whole.items():
        torch.testing.assert_close(tensor, parts[name], rtol=1e-5, atol=1e-6, msg=name)


def test_an_untrained_bundle_becomes_a_trained_one_that_predicts(place):
    _bundle(place / "fresh", status="untrained")
    code, said = _finetune(place, place / "fresh", "taught", "--steps", 30)
    assert code == 0, said
    bundle = load_bundle(place / "taught")
    assert bundle.spec.status == "trained"
    assert "before" not in bundle.spec.metrics
    assert "untrained" in bundle.spec.training["verdict"]
    bundle.network()
    assert f"napari-acs models add {bundle.path}" in said, "it is not promoted: how is it used?"
    code, said = _finetune(place, place / "fresh", "taught", "--steps", 30, "--promote")
    assert code == 2
    assert "with a finished model" in said and "napari-acs models add" in said


def test_other_data_in_the_folder_of_a_run_is_refused(place):
    assert _finetune(place, place / "parent", "first", "--steps", 2)[0] == 0
    run = ("--run", place / "run-first")
    code, said = _finetune(place, place / "parent", "second", "--steps", 2, *run, data="wrong")
    assert code == 2
    assert "another fine-tune" in said
    assert "masks" in said
    assert not (place / "second").exists()


def test_one_run_is_one_command_at_a_time(place):
    run = place / "run-locked"
    with alone_in(run):
        code, said = _finetune(place, place / "parent", "locked", "--steps", 2, "--run", run)
    assert code == 2, said
    assert "Another training is at work in" in said
    assert str(run) in said
    assert {file.name for file in run.iterdir()} <= {LOCK}, "nothing of the other's is touched"
    assert not (place / "locked").exists()


def test_an_id_that_no_model_may_have_is_refused_before_anything_is_read(tmp_path):
    code, said = _finetune(tmp_path, tmp_path / "no-model", "never", "--id", "My Model")
    assert code == 2
    assert "'My Model': expected small letters" in said
    assert not list(tmp_path.iterdir())


def _like(folder, other):
    """Give a case the images of another one; its mask stays."""
    for name in SEQUENCES:
        shutil.copy(other / f"{other.name}_{name}.nii.gz", folder / f"{folder.name}_{name}.nii.gz")


@pytest.mark.parametrize("changed", ["case0", "case3"])
def test_a_changed_image_in_the_folder_of_a_run_is_refused(place, tmp_path, changed):
    shutil.copytree(place / "data", tmp_path / "data")
    options = ("--steps", 2, "--validation", "case3")
    assert _finetune(tmp_path, place / "parent", "new", *options)[0] == 0
    shutil.rmtree(tmp_path / "new")
    _write(tmp_path / "case9", 9)
    _like(tmp_path / "data" / changed, tmp_path / "case9")
    code, said = _finetune(tmp_path, place / "parent", "new", *options)
    assert code == 2, said
    assert f"found other images ({changed})" in said


def test_data_that_were_refused_and_mended_make_the_run_and_no_cached_array_of_them_stays(
    place, tmp_path
):
    shutil.copytree(place / "data", tmp_path / "data")
    _like(tmp_path / "data" / "case3", tmp_path / "data" / "case0")
    options = ("--steps", 2, "--validation", "case3")
    code, said = _finetune(tmp_path, place / "parent", "new", *options)
    assert code == 2
    assert "case3 is trained on as case0" in said
    _like(tmp_path / "data" / "case3", place / "data" / "case3")
    code, said = _finetune(tmp_path, place / "parent", "new", *options)
    assert code == 0, said


def test_a_dataset_json_beside_the_cases_is_obeyed(place, tmp_path):
    shutil.copytree(place / "data", tmp_path / "data")
    _masks(tmp_path / "data", lambda labels: np.array([0, 6, 5, 0, 7])[labels])
    names = {"background": 0, "edema": 5, "necrosis": 6, "enhancing tumor": 7}
    (tmp_path / "data" / "dataset.json").write_text(json.dumps({"labels": names}))
    spec = load_bundle(place / "parent").spec
    made = []
    for root, cache in ((place, "as_brats"), (tmp_path, "as_said")):
        list(prepare_corrected([root / "data" / "case1"], tmp_path / cache, spec, "cpu"))
        made.append(np.load(tmp_path / cache / "case1.npz")["labels"])
    assert set(np.unique(made[0])) == {0, 1, 2, 3}
    np.testing.assert_array_equal(*made)


def _masks(root, write):
    for file in sorted(root.glob("*/*_seg.nii.gz")):
        old = sitk.ReadImage(file)
        mask = sitk.GetImageFromArray(write(sitk.GetArrayFromImage(old)).astype(np.uint8))
        mask.CopyInformation(old)
        sitk.WriteImage(mask, file)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda labels: labels > 0, "only 0 and 1 in 4 masks"),
        (lambda labels: labels * 0, "No mask marks any tumour, of 4"),
        (lambda labels: np.where(labels == 1, 7, labels), "unknown labels"),
    ],
)
def test_wrong_labels_are_refused_before_anything_is_written(place, tmp_path, write, said):
    shutil.copytree(place / "data", tmp_path / "data")
    _masks(tmp_path / "data", write)
    code, output = _finetune(tmp_path, place / "parent", "never", "--promote", "--id", "never")
    assert code == 2, output
    assert said in output
    assert default_bundle_id() == DEFAULT_ID
    assert not list(tmp_path.glob("*never*"))


@pytest.mark.parametrize(
    ("fields", "options", "said"),
    [
        ({}, ("--id", "parent"), "id of the old one"),
        ({}, ("--keep-out", 1), "more than 0 and less than 1"),
        ({}, ("--validation", "case9"), "case9"),
        ({}, ("--steps", 0), "positive"),
        ({}, ("--learning-rate", "nan"), "--learning-rate nan: expected a positive number"),
        ({}, ("--learning-rate", "inf"), "--learning-rate inf: expected a positive number"),
        ({}, ("--learning-rate", 0), "--learning-rate 0: expected a positive number"),
        ({}, ("--seed", -1), "--seed -1: expected a number from 0"),
        ({}, ("--seed", 2**32), "expected a number from 0 to 4294967295"),
        ({}, ("--id", "My Model"), "'My Model': expected small letters"),
        ({}, ("--id", "../up"), "expected small letters"),
        ({}, ("--promote", "--id", DEFAULT_ID), "already"),
        ({}, ("--accept-worse",), "Add --promote"),
        ({"input": {"spacing_mm": [1, 1, 3], "patch": [16, 16, 16], "channels": [{"name": "t1"}]}},
         (), "1 x 1 x 3 mm"),
        ({"input": {"spacing_mm": [1, 1, 1], "patch": [16, 16, 16], "normalisation": "zscore",
                    "channels": [{"name": "t1", "required": True}]}}, (), "shifts the background"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    place, tmp_path, fields, options, said
):
    bundle = _described(tmp_path, fields)
    code, output = _finetune(place, bundle.path, "never", *options)
    assert code == 2, output
    assert said in output
    assert not (place / "never").exists()
    assert not (place / "run-never").exists()


def _described(folder, fields):
    """A bundle of other fields; what is refused by its description is never built."""
    bundle = _bundle(folder / "parent")
    file = bundle.path / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))
    return bundle
