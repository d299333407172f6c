"""Bundles of the task classification: the same store, commands and refusals as the others."""

from __future__ import annotations

import json
import zipfile

import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_acs.errors import BadInput
from napari_acs.models import (
    add_bundle,
    default_bundle_id,
    export_bundle,
    list_bundles,
    load_bundle,
    load_classifier,
    remove_bundle,
    save_bundle,
    save_classifier,
    store,
)
from napari_acs.models.classifier import ACSClassifier
from napari_acs.models.store import DEFAULT_ID
from napari_acs.models.verify import sha256_of

ARGUMENTS = {"encoder": "squeezenet1_1", "resolutions": 2}
FIELDS = {
    "id": "tiny-classes",
    "version": "0",
    "title": "Tiny classifier",
    "task": "classification",
    "architecture": {"name": "acs-classifier", "arguments": ARGUMENTS},
    "input": {
        "channels": [{"name": "t1ce", "required": True}, {"name": "flair"}],
        "spacing_mm": [3, 3, 3],
        "size": [20, 24, 24],
        "centre": "mask",
        "mask_channel": True,
    },
    "classes": [{"name": name, "title": name.title()} for name in ("one", "two", "three")],
    "temperature": 2.0,
    "licence": "Apache-2.0",
}


def network():
    torch.manual_seed(0)
    return ACSClassifier(**ARGUMENTS, in_channels=3, classes=3).eval()


@pytest.fixture
def folder(tmp_path):
    return save_classifier(tmp_path / "given" / "tiny-classes", FIELDS, network(), "# Tiny\n").path


def test_a_round_trip_gives_the_same_calibrated_probabilities(folder):
    bundle = load_classifier(folder)
    x = torch.randn(2, 3, 20, 24, 24)
    with torch.no_grad():
        logits = bundle.network()(x)
        assert torch.equal(logits, network()(x))
    # The definition of temperature scaling: a softmax of the logits over T.
    expected = torch.exp(logits / 2.0) / torch.exp(logits / 2.0).sum(1, keepdim=True)
    torch.testing.assert_close(bundle.probabilities(logits), expected)
    each = bundle.spec.model_copy(update={"activation": "sigmoid"})
    sigmoid = type(bundle)(each, folder, bundle.sha256).probabilities(logits)
    torch.testing.assert_close(sigmoid, 1 / (1 + torch.exp(-logits / 2.0)))


def test_each_task_is_refused_where_the_other_is_meant(folder, tmp_path):
    with pytest.raises(BadInput, match=r"tiny-classes.*is a classifier.*napari-acs classify"):
        load_bundle(folder)
    with pytest.raises(BadInput, match=r"segments.*napari-acs segment"):
        load_classifier(DEFAULT_ID)
    with pytest.raises(ValueError, match="classes"):
        save_bundle(tmp_path / "x", FIELDS, network())
    assert not (tmp_path / "x").exists()


def test_it_is_added_listed_exported_and_never_the_default(folder, mine, tmp_path):
    add_bundle(folder)
    assert {e.spec.id: e.spec.task for e in list_bundles()}["tiny-classes"] == "classification"
    assert "classifies" in store.why_not_default("tiny-classes")
    assert default_bundle_id() == DEFAULT_ID
    packed = export_bundle("tiny-classes", tmp_path / "packed.zip")
    assert "tiny-classes/card.md" in zipfile.ZipFile(packed).namelist()
    remove_bundle("tiny-classes")
    add_bundle(packed)
    assert load_classifier("tiny-classes").network() is not None


def test_where_only_classifiers_are_there_nothing_segments(folder, mine, monkeypatch):
    add_bundle(folder)
    monkeypatch.setattr(store, "bundled_folder", lambda: mine / "none")
    with pytest.raises(BadInput, match="no trained model"):
        default_bundle_id()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 4}, "Update napari-acs"),
        ({"output": {}}, "output"),
        ({"classes": FIELDS["classes"][:1]}, "classes"),
        ({"classes": FIELDS["classes"][:2] * 2}, "name of its own"),
        ({"temperature": 0}, "temperature"),
        ({"temperature": 1e-300}, "temperature"),  # every probability was NaN
        ({"input": FIELDS["input"] | {"size": [0, 4, 4]}}, "positive"),
        ({"input": FIELDS["input"] | {"size": [4, 4, 2048]}}, r"input\.size"),
        ({"input": FIELDS["input"] | {"spacing_mm": [900, 1, 1]}}, r"input\.spacing_mm"),
        ({"input": FIELDS["input"] | {"channels": [{"name": "volume"}, {"name": "t1"}]}}, "only"),
    ],
)
def test_descriptions_that_cannot_be_are_refused_by_field(folder, edit, change, said):
    edit.spec(folder, **change)
    with pytest.raises(BadInput, match=said):
        load_classifier(folder)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (ARGUMENTS | {"pretrained": True}, "pretrained"),
        (ARGUMENTS | {"resolutions": 3}, "no tensor"),
        ({"encoder": "squeezenet9"}, "squeezenet9"),
    ],
)
def test_an_architecture_that_does_not_fit_is_a_sentence(folder, edit, arguments, said):
    edit.spec(folder, architecture={"name": "acs-classifier", "arguments": arguments})
    with pytest.raises(BadInput, match=said):
        load_classifier(folder).network()


def test_one_task_s_architecture_does_not_serve_the_other(folder, edit):
    edit.spec(folder, architecture={"name": "acs-unet", "arguments": {}})
    with pytest.raises(BadInput, match="acs-classifier"):
        load_classifier(folder).network()


def test_weights_are_verified_as_any(folder):
    state = load_file(folder / "weights.safetensors")
    name = next(iter(state))
    state[name] = torch.full_like(state[name], float("nan"))
    save_file(state, folder / "weights.safetensors")
    with pytest.raises(BadInput, match="sha256"):
        load_classifier(folder)
    spec = json.loads((folder / "model.json").read_text())
    spec["weights"]["sha256"] = sha256_of(folder / "weights.safetensors")
    (folder / "model.json").write_text(json.dumps(spec))
    with pytest.raises(BadInput, match="NaN"):
        load_classifier(folder).network()
