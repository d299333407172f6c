"""Bundles that are removed or exported, while others look and use them."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from napari_acs.errors import BadInput
from napari_acs.models import (
    add_bundle,
    export_bundle,
    list_broken,
    list_bundles,
    load_bundle,
    remove_bundle,
    store,
)

BUNDLED = store.DEFAULT_ID


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
