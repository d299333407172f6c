"""The settings of the store, and where bundles go by them."""

from __future__ import annotations

import json
import os

import pytest

from napari_acs.errors import BadInput
from napari_acs.models import (
    Settings,
    add_bundle,
    list_bundles,
    load_bundle,
    read_settings,
    save_bundle,
    settings,
    store,
    write_settings,
)


def ids() -> dict[str, str]:
    return {entry.spec.id: entry.source for entry in list_bundles()}


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
