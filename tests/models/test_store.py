"""The store: where bundles come from, which count, and how they come and go."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from napari_acs.errors import BadInput
from napari_acs.models import (
    Settings,
    add_bundle,
    default_bundle_id,
    export_bundle,
    list_broken,
    list_bundles,
    load_bundle,
    remove_bundle,
    settings,
    store,
    write_settings,
)

BUNDLED = store.DEFAULT_ID


def ids() -> dict[str, str]:
    return {entry.spec.id: entry.source for entry in list_bundles()}


def shipped() -> dict[str, str]:
    return {folder.name: "bundled" for folder in store.bundled_folder().iterdir()}


def why(name: str) -> str:
    (broken,) = [one for one in list_broken() if one.path.name == name]
    return broken.why


def output(bundle) -> torch.Tensor:
    x = torch.linspace(-1, 1, 4 * 16 * 20 * 24).reshape(1, 4, 16, 20, 24)
    with torch.no_grad():
        return bundle.network()(x)


def test_added_exported_removed_and_added_again_it_answers_the_same(tiny, mine, tmp_path):
    first = output(load_bundle(tiny))
    entry = add_bundle(tiny)
    assert (entry.source, entry.path, ids()["tiny"]) == ("user", mine / "tiny", "user")
    packed = export_bundle("tiny", tmp_path / "tiny.zip")
    assert export_bundle("tiny", tmp_path / "b.zip").read_bytes() == packed.read_bytes()
    with pytest.raises(BadInput, match="exists"):
        export_bundle("tiny", packed)
    assert remove_bundle("tiny") == mine / "tiny"
    assert list(mine.iterdir()) == []
    add_bundle(packed)
    assert torch.equal(output(load_bundle("tiny")), first)
    for name in ("model.json", "card.md", "LICENSE"):
        assert (mine / "tiny" / name).read_bytes() == (tiny / name).read_bytes()
        assert (mine / "tiny" / name).stat().st_mode & 0o444 == 0o444


def test_only_what_makes_a_bundle_is_taken(tiny, mine, tmp_path):
    for name in ("setup.py", ".DS_Store", "other.safetensors", "LICENSE.exe"):
        (tiny / name).write_text("x")
    (tiny / "more").mkdir()
    archive = shutil.make_archive(str(tmp_path / "z"), "zip", tiny)
    for given in (tiny, Path(archive)):
        path = add_bundle(given).path
        taken = {"model.json", "weights.safetensors", "card.md", "LICENSE"}
        assert {file.name for file in path.iterdir()} == taken
        remove_bundle("tiny")


def test_a_second_model_of_one_id_is_refused_and_named(tiny, mine, edit, tmp_path, monkeypatch):
    add_bundle(tiny)
    with pytest.raises(BadInput, match="already"):
        add_bundle(tiny)
    edit.spec(tiny, id=BUNDLED)
    with pytest.raises(BadInput, match="already"):
        add_bundle(tiny)
    shutil.copytree(tiny, mine / "copied-by-hand")
    assert ids()[BUNDLED] == "bundled"
    assert "the bundled one" in why("copied-by-hand")
    assert load_bundle(BUNDLED).path.parent == store.bundled_folder()
    # and between the user's and a shared one, the user's own counts
    shutil.copytree(mine / "tiny", tmp_path / "shared" / "lab-tiny")
    monkeypatch.setenv(settings.FOLDERS_VARIABLE, str(tmp_path / "shared"))
    assert ids()["tiny"] == "user"
    assert "the user one" in why("lab-tiny")
    remove_bundle("copied-by-hand")
    assert [one.path.name for one in list_broken()] == ["lab-tiny"]


def test_broken_folders_are_named_with_their_sentence(tiny, mine, edit):
    for name in ("cut", "no-spec", "no-weights", "future"):
        shutil.copytree(tiny, mine / name)
    (mine / "cut" / "weights.safetensors").write_bytes(b"half")
    (mine / "no-spec" / "model.json").unlink()
    (mine / "no-weights" / "weights.safetensors").unlink()
    edit.spec(mine / "future", format=9)
    (mine / "empty").mkdir()
    (mine / ".adding-x").mkdir()
    (mine / "holiday").mkdir()
    (mine / "holiday" / "photo.jpg").touch()
    expected = {
        "cut": "cut short",
        "empty": "no model.json",
        "future": "Update napari-acs",
        "no-spec": "no model.json",
        "no-weights": "no weights.safetensors",
    }
    broken = {one.path.name: one.why for one in list_broken()}
    assert broken.keys() == expected.keys()
    for name, said in expected.items():
        assert said in broken[name]
        assert broken[name].endswith(".")
    assert ids() == shipped()
    with pytest.raises(BadInput, match="cut short"):
        load_bundle("cut")


def test_shared_folders_come_from_settings_and_the_environment(tiny, mine, tmp_path, monkeypatch):
    for name in ("a", "b"):
        shutil.copytree(tiny, tmp_path / name / name)
        spec = json.loads((tmp_path / name / name / "model.json").read_text())
        (tmp_path / name / name / "model.json").write_text(json.dumps(spec | {"id": name}))
    gone = tmp_path / "disk that is not there"
    write_settings(Settings(shared_folders=(tmp_path / "a", gone)))
    monkeypatch.setenv(settings.FOLDERS_VARIABLE, os.pathsep.join(map(str, (tmp_path / "b", mine))))
    assert ids() == {**shipped(), "a": "shared", "b": "shared"}
    assert "Connect its disk" in why(gone.name)
    for id_, said in (("a", "shared"), (BUNDLED, "bundled")):
        before = [entry.path for entry in list_bundles()]
        with pytest.raises(BadInput, match=f"a {said} one"):
            remove_bundle(id_)
        assert [entry.path for entry in list_bundles()] == before


def test_the_default_is_the_settings_where_it_can_predict(tiny, mine, edit):
    add_bundle(tiny)
    assert default_bundle_id() == BUNDLED
    write_settings(Settings(default_model="tiny"))
    assert store.default_bundle() == ("tiny", "")
    weights = mine / "tiny" / "weights.safetensors"
    sound = weights.read_bytes()
    weights.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    assert default_bundle_id() == BUNDLED
    assert "sha256" in store.default_bundle()[1]
    weights.write_bytes(sound)
    edit.spec(mine / "tiny", status="untrained")
    assert default_bundle_id() == BUNDLED
    remove_bundle("tiny")
    assert "not known" in store.default_bundle()[1]


def test_an_untrained_bundle_predicts_nothing_but_can_be_trained(tiny, mine, edit, monkeypatch):
    edit.spec(tiny, status="untrained")
    add_bundle(tiny)
    with pytest.raises(BadInput, match=r"docs/finetuning\.md"):
        load_bundle("tiny").network()
    assert load_bundle("tiny").network(untrained=True) is not None
    monkeypatch.setattr(store, "bundled_folder", lambda: mine / "none")
    with pytest.raises(BadInput, match="no trained model"):
        default_bundle_id()


def test_a_missing_extra_is_named_with_its_pip_command(tiny, mine, edit, monkeypatch):
    edit.spec(tiny, requires=["monai"])
    monkeypatch.setattr("napari_acs.models.extras.find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"pip install 'napari-acs\[monai\]'"):
        add_bundle(tiny)
    assert list(mine.iterdir()) == []


def test_a_folder_in_the_working_directory_does_not_stand_in_for_a_model(tiny, mine, monkeypatch):
    shutil.copytree(tiny, tiny.parent / BUNDLED)
    monkeypatch.chdir(tiny.parent)
    assert load_bundle(BUNDLED).path.parent == store.bundled_folder()
    assert load_bundle(f"./{BUNDLED}").spec.id == "tiny"
    assert load_bundle("tiny").path == Path("tiny")
