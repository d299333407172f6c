"""The brain networks are deepbet's: same weights, same numbers."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest
import torch

from napari_acs.errors import BadInput
from napari_acs.models import list_bundles
from napari_acs.models.brain_weights import (
    SHA256,
    bundled_brain_folder,
    load_brain_networks,
)
from napari_acs.models.bundle import sha256_of

WHEEL = Path(os.environ.get("NAPARI_ACS_DEEPBET_WHEEL", "deepbet-1.0.2-py3-none-any.whl"))


@pytest.fixture(scope="module")
def networks():
    return load_brain_networks()


def waves() -> torch.Tensor:
    """Draw an input without random numbers, which other versions of torch might draw otherwise."""
    x, y, z = torch.meshgrid(*(torch.arange(n) / 8 for n in (32, 64, 96)), indexing="ij")
    return (0.449 + 0.226 * (torch.sin(x) + torch.cos(y + x) * torch.sin(z)))[None, None]


@pytest.mark.skipif(
    not WHEEL.is_file(), reason="NAPARI_ACS_DEEPBET_WHEEL does not name deepbet's wheel"
)
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize(("name", "member"), [("box", "bbox_model"), ("brain", "model")])
def test_the_numbers_are_those_of_the_published_torchscript(networks, name, member):
    with zipfile.ZipFile(WHEEL) as archive:
        content = io.BytesIO(archive.read(f"data/models/{member}.pt"))
    theirs = torch.jit.load(content, map_location="cpu").eval()
    with torch.inference_mode():
        torch.testing.assert_close(
            getattr(networks, name)(waves()), theirs(waves()), atol=1e-4, rtol=0
        )


@pytest.mark.parametrize(
    ("name", "expected"),  # as the published TorchScript said, at voxels it was unsure of
    [
        (
            "box",
            {
                98: 0.153942,
                17763: 0.179160,
                51483: 0.319355,
                82875: 0.710851,
                125677: 0.384389,
                193442: 0.606687,
            },
        ),
        (
            "brain",
            {
                28: 0.137826,
                33608: 0.414421,
                77623: 0.716326,
                123866: 0.277203,
                172936: 0.779126,
                196078: 0.127726,
            },
        ),
    ],
)
def test_the_numbers_are_those_that_the_torchscript_gave(networks, name, expected):
    with torch.inference_mode():
        brain = getattr(networks, name)(waves())[0, 1].flatten()
    spots = brain[list(expected)]
    torch.testing.assert_close(spots, torch.tensor(list(expected.values())), atol=1e-3, rtol=0)


def test_the_two_outputs_share_out_one(networks):
    with torch.inference_mode():
        both = networks.brain(waves())
    assert both.shape == (1, 2, 32, 64, 96)
    torch.testing.assert_close(both.sum(dim=1), torch.ones(1, 32, 64, 96))


def test_the_shipped_file_is_small_and_has_its_licence_and_card():
    folder = bundled_brain_folder()
    assert (folder / "weights.safetensors").stat().st_size < 9e6
    assert "MIT License" in (folder / "LICENSE").read_text(encoding="utf-8")
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert "10.1016/j.compbiomed.2024.108845" in card
    assert sha256_of(folder / "weights.safetensors") == SHA256


def test_the_brain_networks_are_no_tumour_model():
    assert not [e for e in list_bundles() if e.path == bundled_brain_folder()]
    assert "brain" not in " ".join(entry.spec.id for entry in list_bundles())


def test_tampered_or_missing_weights_are_refused(tmp_path):
    with pytest.raises(BadInput, match="not there"):
        load_brain_networks(tmp_path)
    file = shutil.copy(bundled_brain_folder() / "weights.safetensors", tmp_path)
    content = bytearray(Path(file).read_bytes())
    content[-1] ^= 1
    Path(file).write_bytes(content)
    with pytest.raises(BadInput, match="sha256"):
        load_brain_networks(tmp_path)
