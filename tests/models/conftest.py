"""A small real bundle, and a user's models folder that goes away."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
import torch

from napari_acs.models import save_bundle, settings, store
from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.models.unet import ACSUNet

ARGUMENTS = {"encoder": "squeezenet1_1", "decoder_channels": [8, 8, 8, 8], "stem_channels": 4}
SPEC = {
    "id": "tiny",
    "version": "0",
    "title": "Tiny",
    "task": "segmentation",
    "architecture": {"name": "acs-unet", "arguments": ARGUMENTS},
    "input": {
        "channels": [{"name": n} for n in ("t1", "t1ce", "t2", "flair")],
        "spacing_mm": [2, 2, 2],
        "patch": [32, 32, 32],
    },
    "output": GLIOMA_OUTPUT.model_dump(),
    "licence": "Apache-2.0",
}


@pytest.fixture(scope="session")
def _published(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "tiny"
    torch.manual_seed(0)
    save_bundle(folder, SPEC, ACSUNet(**ARGUMENTS), "# Tiny\n")
    (folder / "LICENSE").write_text("Apache-2.0\n")
    return folder


@pytest.fixture
def tiny(_published, tmp_path) -> Path:
    """The folder of a sound bundle that belongs to nobody yet."""
    return shutil.copytree(_published, tmp_path / "given" / "tiny")


@pytest.fixture
def mine(tmp_path, monkeypatch) -> Path:
    """The user's models folder, empty; settings of their own."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.setattr(store, "user_folder", lambda: folder)
    monkeypatch.setattr(settings, "settings_file", lambda: tmp_path / "config" / "models.json")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Return everything below a folder, hidden work in progress included."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def change_spec(folder: Path, **fields) -> None:
    file = folder / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def change_weights(folder: Path, weights: bytes) -> None:
    """Exchange the weights, and pin them as an attacker would: with the right hash."""
    (folder / "weights.safetensors").write_bytes(weights)
    pinned = {"sha256": sha256(weights).hexdigest(), "size_bytes": len(weights)}
    change_spec(folder, weights=pinned)


@pytest.fixture
def edit():
    """Hand the functions above to tests, which cannot import a conftest by name."""

    class Edit:
        spec = staticmethod(change_spec)
        weights = staticmethod(change_weights)
        content = staticmethod(content)

    return Edit
