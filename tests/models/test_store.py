"""The store: where bundles come from, which count, and how they come and go."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save

from napari_acs.errors import BadInput
from napari_acs.models import (
    Settings,
    add_bundle,
    default_bundle_id,
    export_bundle,
    list_broken,
    list_bundles,
    load_bundle,
    read_settings,
    remove_bundle,
    save_bundle,
    settings,
    store,
    write_settings,
)
from napari_acs.models.networks import build_network

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


def test_readers_beside_an_add_and_a_remove_see_all_or_nothing(tiny, mine, monkeypatch):
    seen = []

    def look(*_args):
        paths = {entry.spec.id: entry.path for entry in list_bundles()}
        seen.append((paths.get("tiny"), [one.path for one in list_broken()]))

    def watched(target, name):
        real = getattr(target, name)

        def call(*args, **more):
            look()
            result = real(*args, **more)
            look()
            return result

        monkeypatch.setattr(target, name, call)

    watched(os, "fsync")
    watched(Path, "replace")
    watched(shutil, "rmtree")
    add_bundle(tiny)
    remove_bundle("tiny")
    assert len(seen) > 10
    assert {path for path, _ in seen} == {None, mine / "tiny"}
    assert not any(broken for _, broken in seen)


def test_a_bundle_that_is_removed_while_in_use_is_a_sentence(tiny, mine):
    add_bundle(tiny)
    bundle = load_bundle("tiny")
    remove_bundle("tiny")
    with pytest.raises(BadInput, match="incomplete"):
        bundle.network()
    with pytest.raises(BadInput, match="not known"):
        remove_bundle("tiny")


def test_removing_spares_what_is_no_part_of_a_bundle(tiny, mine, edit):
    add_bundle(tiny)
    (mine / "tiny" / "my results.csv").write_text("1")
    before = edit.content(mine)
    with pytest.raises(BadInput, match=r"my results\.csv"):
        remove_bundle("tiny")
    assert edit.content(mine) == before
    (mine / "tiny" / "my results.csv").unlink()
    (mine / "tiny").rename(mine.parent / "real")
    (mine / "tiny").symlink_to(mine.parent / "real")
    remove_bundle("tiny")
    assert (mine.parent / "real" / "model.json").is_file()
    assert list(mine.iterdir()) == []


def test_an_export_of_a_tampered_bundle_is_refused(tiny, mine, tmp_path):
    add_bundle(tiny)
    file = mine / "tiny" / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(BadInput, match="sha256"):
        export_bundle("tiny", tmp_path / "x.zip")
    for target in ("x.tar", "no/such/folder/x.zip"):
        with pytest.raises(BadInput):
            export_bundle(BUNDLED, tmp_path / target)
    assert not list(tmp_path.glob("*x.*"))
    packed = zipfile.ZipFile(export_bundle(BUNDLED, tmp_path / "x.zip"))
    assert packed.testzip() is None
    assert {Path(name).parts[0] for name in packed.namelist()} == {BUNDLED}


def test_a_folder_in_the_working_directory_does_not_stand_in_for_a_model(tiny, mine, monkeypatch):
    shutil.copytree(tiny, tiny.parent / BUNDLED)
    monkeypatch.chdir(tiny.parent)
    assert load_bundle(BUNDLED).path.parent == store.bundled_folder()
    assert load_bundle(f"./{BUNDLED}").spec.id == "tiny"
    assert load_bundle("tiny").path == Path("tiny")


def test_weights_in_half_precision_compute_in_single(tiny, mine, edit):
    state = load_file(tiny / "weights.safetensors")
    edit.weights(
        tiny, save({k: v.half() if v.is_floating_point() else v for k, v in state.items()})
    )
    network = load_bundle(tiny).network()
    assert {p.dtype for p in network.parameters()} == {torch.float32}


@pytest.mark.parametrize("reads", [True, False])
def test_a_builder_that_needs_values_is_built_as_well(reads, tiny, monkeypatch):
    """As some of MONAI's do: they read a number out of a tensor, or keep a plain one."""

    def builder(spec):
        network = build_network(spec)
        network.scale = torch.ones(1)
        network.register_buffer("ramp", torch.arange(3.0), persistent=False)
        assert not reads or float(network.scale) == 1
        return network

    monkeypatch.setattr("napari_acs.models.fitting.build_network", builder)
    plain = build_network(load_bundle(tiny).spec)
    network = load_bundle(tiny).network()
    assert network.ramp.tolist() == [0, 1, 2]
    assert network.scale.item() == 1
    assert network.state_dict().keys() == plain.state_dict().keys()


def test_settings_round_trip_and_a_broken_file_is_a_sentence(mine, tmp_path):
    assert read_settings() == Settings()
    wanted = Settings(
        models_folder=tmp_path / "m",
        shared_folders=(tmp_path / "a", tmp_path / "b"),
        default_model="x",
    )
    write_settings(wanted)
    assert read_settings() == wanted
    file = settings.settings_file()
    assert [f.name for f in file.parent.iterdir()] == [file.name]
    for text in ("{", '{"models_folder": 3}', '{"colour": 1}', '{"models_folder": "not/whole"}'):
        file.write_text(text)
        with pytest.raises(BadInput, match=r"models\.json cannot be read.*delete it"):
            read_settings()


def test_the_models_folder_of_the_settings_is_where_bundles_go(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "settings_file", lambda: tmp_path / "models.json")
    usual = store.user_folder()
    assert str(usual).startswith(os.environ["XDG_DATA_HOME"])
    write_settings(Settings(models_folder=tmp_path / "chosen"))
    assert add_bundle(tiny).path == tmp_path / "chosen" / "tiny"
    assert ids()["tiny"] == "user"
    assert save_bundle(tmp_path / "chosen" / "x", _fields(tiny, "x"), _network(tiny)).spec.id == "x"
    assert ids()["x"] == "user"
    assert not usual.exists()


def _fields(folder, id_):
    fields = json.loads((folder / "model.json").read_text()) | {"id": id_}
    del fields["weights"]
    return fields


def _network(folder):
    return load_bundle(folder).network()
