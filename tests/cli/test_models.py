"""``napari-acs models``: list, show, verify, add, remove, export, default."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256

import pytest
import torch
import torchvision

from napari_acs.models import settings, store


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The user's models folder, empty; settings of their own."""
    folder = tmp_path / "mine"
    monkeypatch.setattr(store, "user_folder", lambda: folder)
    monkeypatch.setattr(settings, "settings_file", lambda: tmp_path / "config" / "models.json")
    return folder


def test_a_model_is_added_listed_made_the_default_sent_and_removed(
    call, mine, bundle_dir, tmp_path
):
    added = call("models", "add", bundle_dir, "--json")
    assert added.exit_code == 0, added.output
    assert json.loads(added.stdout)["path"] == str(mine / "random")
    listed = {model["id"]: model for model in json.loads(call("models", "list", "--json").stdout)}
    said = listed["random"]
    assert (said["source"], said["verified"], said["status"]) == ("user", True, "trained")
    assert said["licence"] == "none"
    assert said["size_bytes"] == (bundle_dir / "weights.safetensors").stat().st_size
    assert call("models", "default", "random").exit_code == 0
    assert "* random" in call("models", "list").stdout
    packed = tmp_path / "random.zip"
    sent = call("models", "export", "random", packed)
    assert sent.stdout.split()[0] == sha256(packed.read_bytes()).hexdigest()
    assert call("models", "export", "random", packed).exit_code == 2
    assert call("models", "remove", "random").exit_code == 0
    assert not any(mine.iterdir())
    left = call("models", "list")
    assert "'random' cannot be used" in left.stderr
    assert f"* {store.DEFAULT_ID}" in left.stdout
    assert call("models", "add", packed).exit_code == 0
    assert call("models", "default").stdout.strip().endswith(f"{store.DEFAULT_ID}.")


def test_verify_names_what_fails_and_exits_with_2(call, mine, bundle_dir):
    assert call("models", "verify").exit_code == 0
    assert call("models", "add", bundle_dir).exit_code == 0
    weights = mine / "random" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    shutil.copytree(bundle_dir, mine / "half")
    (mine / "half" / "weights.safetensors").unlink()
    done = call("models", "verify", "--json")
    assert done.exit_code == 2
    results = {result["id"]: result for result in json.loads(done.stdout)}
    assert results[store.DEFAULT_ID]["verified"]
    assert "sha256" in results["random"]["why"]
    assert call("models", "verify", "random").exit_code == 2
    assert call("models", "verify", store.DEFAULT_ID).exit_code == 0
    listed = call("models", "list")
    assert "WEIGHTS CHANGED" in listed.stdout
    assert "REFUSED" in listed.stderr
    assert "no weights.safetensors" in listed.stderr
    broken = json.loads(call("models", "list", "--json").stdout)[-1]
    assert (broken["id"], broken["status"], broken["verified"]) == ("random", "broken", False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "no-such-thing"), "is not there"),
        (("remove", store.DEFAULT_ID), "a bundled one"),
        (("remove", "other"), "not known"),
        (("export", "other", "x.zip"), "not known"),
        (("default", "other"), "not known"),
        (("verify", "other"), "not known"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_2(call, mine, arguments, said):
    done = call("models", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "is at fault" not in done.stderr
    assert not mine.exists()
    assert not settings.settings_file().exists()


def test_an_untrained_model_says_so_and_is_no_default(call, mine, bundle_dir, tmp_path):
    folder = shutil.copytree(bundle_dir, tmp_path / "fresh")
    spec = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(spec | {"status": "untrained"}))
    assert "train it" in call("models", "add", folder).stdout
    assert "Untrained" in call("models", "show", "random").stdout
    refused = call("models", "default", "random")
    assert (refused.exit_code, "not trained" in refused.stderr) == (2, True)


@pytest.mark.parametrize("id", [store.DEFAULT_ID, "random"])
def test_an_import_never_takes_the_id_of_a_model_that_is_there(
    call, mine, bundle_dir, tmp_path, id
):
    assert call("models", "add", bundle_dir).exit_code == 0
    before = sorted(mine.rglob("*"))
    torch.save(torchvision.models.squeezenet1_1().state_dict(), tmp_path / "x.pth")
    done = call("models", "add", tmp_path / "x.pth", "--id", id)
    assert done.exit_code == 2
    assert f"there is a model {id!r} already" in done.stderr
    assert "--id" in done.stderr
    assert call("models", "add", bundle_dir, "--kind", "run").exit_code == 2
    assert sorted(mine.rglob("*")) == before
    assert call("models", "verify").exit_code == 0


def test_broken_settings_are_a_sentence(call, mine, tmp_path):
    settings.settings_file().parent.mkdir()
    settings.settings_file().write_text("{")
    done = call("models", "list")
    assert done.exit_code == 2
    assert "delete it" in done.stderr


def test_a_card_cannot_steer_the_terminal(call, mine, bundle_dir):
    folder = shutil.copytree(bundle_dir, mine / "random")
    (folder / "card.md").write_text("# Card\n\tfine\x1b[2J\x07\n")
    done = call("models", "show", "random")
    assert done.exit_code == 0
    assert "# Card\n\tfine[2J\n" in done.stdout
    (folder / "card.md").write_bytes(b"x" * (2**20 + 1))
    done = call("models", "show", "random")
    assert done.exit_code == 2
    assert "too large" in done.stderr
