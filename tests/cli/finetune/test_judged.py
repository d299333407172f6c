"""A fine-tuned bundle: judged against the old one, promoted or not, and what it says of itself."""

import json
import shutil
from hashlib import sha256

import pytest
import torch
from cli.finetune.hands import (
    finetune,
)

from napari_acs.models import default_bundle_id, load_bundle
from napari_acs.models.settings import Settings, write_settings
from napari_acs.models.store import DEFAULT_ID, user_folder


def _bytes(folder):
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def _dice(bundle, when):
    metrics = bundle.spec.metrics["before"] if when == "before" else bundle.spec.metrics
    return {name: scores["dice"] for name, scores in metrics["mean_cases"].items()}


@pytest.fixture(scope="module")
def better(place):
    """A fine-tune of the random parent, promoted: it cannot but be better."""
    before = _bytes(place / "parent")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        code, said = finetune(
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
    code, said = finetune(
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
    code, said = finetune(
        place, better[0].path, "accepted", "--validation", "case3", "--steps", 60, "--promote",
        "--id", "spoilt", "--accept-worse", "--run", place / "run-worse", data="wrong",
    )  # fmt: skip
    assert code == 0, said
    assert default_bundle_id() == "spoilt"
    write_settings(Settings())
