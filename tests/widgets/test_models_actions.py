"""What the Models panel does to the real store, which is in the run's own folders."""

from __future__ import annotations

import json
import shutil

import pytest

from napari_acs.errors import BadInput
from napari_acs.models.settings import Settings, read_settings, write_settings
from napari_acs.models.store import DEFAULT_ID, bundled_folder
from napari_acs.widgets.catalogue import load_catalogue
from napari_acs.widgets.models_actions import MOST_CARD_BYTES, Folders, store_actions
from napari_acs.widgets.models_rows import facts

SHIPPED = {folder.name for folder in bundled_folder().iterdir()}


@pytest.fixture
def actions(tmp_path):
    write_settings(Settings(models_folder=tmp_path / "mine"))
    yield store_actions()
    write_settings(Settings())


@pytest.fixture
def another(tmp_path):
    """A bundle like the bundled one, with an id of its own."""
    folder = tmp_path / "download" / "another"
    shutil.copytree(bundled_folder() / DEFAULT_ID, folder)
    spec = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**spec, "id": "another", "title": "Another"}))
    return folder


def rows(actions):
    return {row.id: row for row in actions.list().rows}


def test_a_bundle_is_added_made_the_default_and_removed(actions, another, tmp_path):
    assert rows(actions)[DEFAULT_ID].default
    actions.add(another)
    row = rows(actions)["another"]
    assert (row.source, row.removable, row.default) == ("user", True, False)
    assert row.quality.cases == 5
    assert actions.verify(row) == ""
    assert actions.card(row).startswith("# Glioma")
    actions.set_default("another")
    assert [name for name, each in rows(actions).items() if each.default] == ["another"]
    with pytest.raises(BadInput, match="already"):
        actions.add(another)
    actions.remove(row)
    assert set(rows(actions)) == SHIPPED
    assert "another" in actions.list().note
    with pytest.raises(BadInput):
        actions.remove(rows(actions)[DEFAULT_ID])


def test_what_is_broken_is_listed_with_its_reason_and_tampering_is_found(actions, another):
    actions.add(another)
    row = rows(actions)["another"]
    weights = row.path / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert "sha256" in actions.verify(row)
    weights.write_bytes(content[:100])
    broken = rows(actions)["another"]
    assert broken.broken and "100 bytes" in broken.why
    actions.remove(broken)
    assert set(rows(actions)) == SHIPPED


def test_of_two_folders_that_answer_to_one_name_neither_is_removed(actions, another, tmp_path):
    actions.add(another)
    shutil.copytree(tmp_path / "mine" / "another", tmp_path / "mine" / "copy")
    twice = [row for row in actions.list().rows if row.id == "another"]
    assert [row.broken for row in twice] == [False, True]
    for row in twice:
        with pytest.raises(BadInput, match="is not removed"):
            actions.remove(row)
    assert (tmp_path / "mine" / "another").is_dir() and (tmp_path / "mine" / "copy").is_dir()


def test_folders_are_what_the_command_line_reads(actions, tmp_path):
    actions.set_default(DEFAULT_ID)
    actions.set_folders(Folders(str(tmp_path / "x"), ("/lab/models",)))
    assert actions.folders() == Folders(str(tmp_path / "x"), ("/lab/models",))
    assert read_settings().default_model == DEFAULT_ID
    assert "/lab/models" in rows(actions)["models"].why, "a folder that is not there is named"
    with pytest.raises(BadInput, match="whole path"):
        actions.set_folders(Folders("relative", ()))
    assert actions.folders().models == str(tmp_path / "x")
    actions.set_folders(Folders())
    assert read_settings().models_folder is None


def test_a_card_that_is_none_or_endless_is_refused(actions, another):
    actions.add(another)
    row = rows(actions)["another"]
    (row.path / "card.md").write_bytes(b"x" * (MOST_CARD_BYTES + 1))
    with pytest.raises(BadInput, match="too long"):
        actions.card(row)
    (row.path / "card.md").unlink()
    with pytest.raises(BadInput, match="no card"):
        actions.card(row)


@pytest.fixture
def classifier(tmp_path):
    """A classifier's bundle; its weights are not looked at by a list."""
    folder = tmp_path / "download" / "classes"
    shutil.copytree(bundled_folder() / DEFAULT_ID, folder)
    whole = json.loads((folder / "model.json").read_text())
    fields = {key: whole[key] for key in ("version", "weights", "licence", "metrics")}
    fields |= {
        "id": "classes",
        "title": "Classes",
        "task": "classification",
        "architecture": {"name": "acs-classifier"},
        "input": {"channels": [{"name": "volume"}], "spacing_mm": [2, 2, 2], "size": [8, 8, 8]},
        "classes": [{"name": "a", "title": "A"}, {"name": "b", "title": "B"}],
        "metrics": {
            "held_out": {
                "patients": 26,
                "balanced_accuracy": 0.8,
                "auroc": 0.9,
                "auroc_interval": [0.7, 0.97],
            }
        },
    }
    (folder / "model.json").write_text(json.dumps(fields))
    return folder


def test_a_classifier_is_listed_with_its_own_figures_and_never_segments(
    actions, classifier, tmp_path
):
    actions.set_folders(Folders(shared=(str(tmp_path / "download"),)))
    row = rows(actions)["classes"]
    assert actions.verify(row) == ""
    said = dict(facts(row))
    assert said["Task"].startswith("classification")
    assert said["Sequences"] == "one volume, of any sequence"
    assert said["Quality"] == (
        "balanced accuracy 0.80, AUROC 0.90 (0.70 to 0.97) over 26 held-out patients, as its card "
        "states; not checked here"
    )
    panel_offers = {choice.id for choice in load_catalogue().models}
    assert DEFAULT_ID in panel_offers and "classes" not in panel_offers
    actions.set_default("classes")
    assert not rows(actions)["classes"].default and "classifies" in actions.list().note
