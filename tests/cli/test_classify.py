"""``napari-acs classify``."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from napari_acs.imaging.sample import sample_folder
from napari_acs.models import save_classifier
from napari_acs.models.classifier import ACSClassifier

ARGUMENTS = {"encoder": "squeezenet1_1", "resolutions": 2}
FIELDS = {
    "id": "guess",
    "version": "1",
    "title": "Random classifier",
    "architecture": {"name": "acs-classifier", "arguments": ARGUMENTS},
    "input": {
        "channels": [{"name": "t1ce", "required": True}, {"name": "flair"}],
        "spacing_mm": [2, 2, 2],
        "size": [16, 16, 16],
        "centre": "mask",
        "mask_channel": True,
    },
    "classes": [{"name": "yes", "title": "Yes"}, {"name": "no", "title": "No"}],
    "licence": "none",
}


def save(folder, **changes):
    torch.manual_seed(0)
    save_classifier(folder, FIELDS | changes, ACSClassifier(**ARGUMENTS, in_channels=3))
    return folder


@pytest.fixture(scope="session")
def guess(tmp_path_factory):
    return save(tmp_path_factory.mktemp("classifiers") / "guess")


@pytest.fixture
def mask(study_dir, tmp_path):
    """A mask with the geometry of the study's own files."""
    image = sitk.ReadImage(str(study_dir / "case_t1.nii.gz"))
    array = np.zeros_like(sitk.GetArrayFromImage(image), np.uint8)
    array[10:16, 12:20, 14:24] = 2
    made = sitk.GetImageFromArray(array)
    made.CopyInformation(image)
    sitk.WriteImage(made, str(tmp_path / "tumour.nii.gz"))
    return tmp_path / "tumour.nii.gz"


def test_it_says_the_probability_of_every_class(call, study_dir, guess, mask, tmp_path):
    report = tmp_path / "report.json"
    done = call("classify", study_dir, "--model", guess, "--mask", mask, "--json", report)
    assert done.exit_code == 0, done.output
    found = json.loads(report.read_text())
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    best = max(found["probabilities"], key=found["probabilities"].get)
    assert found["named"] == [best] and not found["abstained"]
    assert f"case: {found['classes'][best]} (yes 0." in done.stdout
    assert "Research only" in done.stdout
    assert found["provenance"]["mask"]["file"] == "tumour.nii.gz"
    again = call("classify", study_dir, "--model", guess, "--mask", mask, "--json", "-")
    assert json.loads(again.stdout)["probabilities"] == found["probabilities"]
    assert (
        call("classify", study_dir, "--model", guess, "--mask", mask, "--json", report).exit_code
        == 2
    )


def test_it_abstains_where_the_model_asks_for_more(call, study_dir, mask, tmp_path):
    shy = save(tmp_path / "shy", abstain_below=1.0)
    done = call("classify", study_dir, "--model", shy, "--mask", mask, "--json", "-")
    assert done.exit_code == 0 and json.loads(done.stdout)["abstained"]


def test_what_will_not_do_is_a_sentence_and_exit_2(
    call, study_dir, guess, mask, bundle_dir, tmp_path
):
    (tmp_path / "no.txt").write_text("no image")
    only = {"--flair": study_dir / "case_flair.nii.gz"}
    for arguments, said in (
        ((study_dir, "--model", guess), "needs a mask"),
        ((study_dir, "--model", guess, "--mask", "gone.nii.gz"), "no such file"),
        ((study_dir, "--model", guess, "--mask", tmp_path / "no.txt"), "no.txt"),
        ((study_dir, "--model", bundle_dir), "is a model that segments"),
        ((study_dir, "--model", "unknown"), "not known"),
        ((*next(iter(only.items())), "--model", guess, "--mask", mask), "T1ce"),
        ((study_dir, "--model", guess, "--mask", mask, "--device", "abacus"), "not available"),
    ):
        done = call("classify", *arguments)
        assert done.exit_code == 2, done.output
        assert said in done.stderr
    assert (
        call("segment", study_dir, "--model", guess, "--out", tmp_path / "m.nii.gz").exit_code == 2
    )
    assert call("evaluate", "--data", tmp_path, "--model", guess).exit_code == 2
    assert not (tmp_path / "m.nii.gz").exists()


def test_sequences_given_for_one_another_get_no_name(call, tmp_path):
    """The demo would answer, and surely."""
    study = tmp_path / "study"
    study.mkdir()
    for file in sample_folder().glob("phantom_*.nii.gz"):
        other = {"t1": "t2", "t2": "t1"}.get(file.name.split("_")[1].split(".")[0])
        name = file.name if other is None else f"phantom_{other}.nii.gz"
        if "mask" not in name:
            (study / name).write_bytes(file.read_bytes())
    mask = sample_folder() / "phantom_mask.nii.gz"
    report = tmp_path / "report.json"
    demo = "demo-enhancing-acs-mobilenetv2"
    done = call("classify", study, "--model", demo, "--mask", mask, "--json", report)
    assert done.exit_code == 0, done.output
    found = json.loads(report.read_text())
    assert found["abstained"] and found["doubts"]
    assert "No class is named: A sequence may not be what it is called" in " ".join(
        done.stdout.split()
    )
