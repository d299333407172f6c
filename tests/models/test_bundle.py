import json
import pickle
from pathlib import Path

import pytest
import torch

from napari_acs.errors import BadInput
from napari_acs.imaging.shifted import SHIFTED
from napari_acs.models import list_bundles, load_bundle, save_bundle
from napari_acs.models.bundle import load_any_bundle
from napari_acs.models.networks import build_network
from napari_acs.models.safe_load import load_state
from napari_acs.models.spec import GLIOMA_OUTPUT, BundleSpec
from napari_acs.models.unet import ACSUNet

SPEC = {
    "id": "tiny",
    "version": "0",
    "title": "Tiny",
    "task": "segmentation",
    "architecture": {
        "name": "acs-unet",
        "arguments": {
            "encoder": "squeezenet1_1",
            "decoder_channels": [8, 8, 8, 8],
            "stem_channels": 4,
        },
    },
    "input": {
        "channels": [{"name": n} for n in ("t1", "t1ce", "t2", "flair")],
        "spacing_mm": [2, 2, 2],
        "patch": [32, 32, 32],
    },
    "output": GLIOMA_OUTPUT.model_dump(),
    "licence": "Apache-2.0",
}


@pytest.fixture
def folder(tmp_path) -> Path:
    torch.manual_seed(0)
    network = ACSUNet(**SPEC["architecture"]["arguments"])
    save_bundle(tmp_path / "tiny", SPEC, network, "# Tiny")
    return tmp_path / "tiny"


def test_bundle_round_trip_gives_the_same_network(tmp_path):
    network = ACSUNet(**SPEC["architecture"]["arguments"]).eval()
    saved = save_bundle(tmp_path / "tiny", SPEC, network)
    x = torch.randn(1, 4, 20, 24, 28)
    with torch.no_grad():
        assert torch.equal(load_bundle(tmp_path / "tiny").network()(x), network(x))
    assert saved.sha256 == load_bundle(tmp_path / "tiny").sha256
    assert all(f.stat().st_mode & 0o444 == 0o444 for f in (tmp_path / "tiny").iterdir())


def test_half_precision_rounds_kernels_alone_and_comes_back_in_single(tmp_path):
    network = ACSUNet(**SPEC["architecture"]["arguments"]).eval()
    with torch.no_grad():
        network.head.weight[0, 0] = 1e6  # more than half precision holds
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm3d):
                module.running_var.fill_(1e-9)
    sizes = [
        save_bundle(tmp_path / name, SPEC, network, half=half).spec.weights.size_bytes
        for name, half in (("single", False), ("half", True))
    ]
    assert sizes[1] < 0.6 * sizes[0]
    wanted, got = network.state_dict(), load_bundle(tmp_path / "half").network().state_dict()
    for name, tensor in wanted.items():
        exact = tensor.dim() < 2 or name == "head.weight"
        rounded = tensor if exact else tensor.half().to(tensor.dtype)
        assert torch.equal(got[name], rounded), name
        assert got[name].dtype == tensor.dtype


def test_an_existing_folder_is_never_written_to(folder):
    before = {f.name: f.read_bytes() for f in folder.iterdir()}
    with pytest.raises(BadInput, match="exists"):
        save_bundle(folder, SPEC, ACSUNet(**SPEC["architecture"]["arguments"]))
    assert before == {f.name: f.read_bytes() for f in folder.iterdir()}


def test_an_invalid_spec_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="title"):
        save_bundle(tmp_path / "x", {**SPEC, "title": 3}, torch.nn.Linear(2, 2))
    assert list(tmp_path.iterdir()) == []


def test_one_changed_byte_in_the_weights_is_refused(folder):
    file = folder / "weights.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(BadInput, match="sha256"):
        load_bundle(folder)


def test_weights_that_change_after_loading_are_refused(folder):
    bundle = load_bundle(folder)
    (folder / "weights.safetensors").write_bytes(b"")
    with pytest.raises(BadInput, match="sha256"):
        bundle.network()


def test_missing_weights_are_named(folder):
    (folder / "weights.safetensors").unlink()
    with pytest.raises(BadInput, match="incomplete"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 4}, "Update napari-acs"),
        ({"task": "dreaming"}, "dreaming"),
        ({"surprise": 1}, "surprise"),
        ({"id": "../evil"}, "id"),
        ({"weights": {"file": "../../x.safetensors", "sha256": "0" * 64, "size_bytes": 1}}, "file"),
    ],
)
def test_descriptions_that_cannot_be_trusted_are_refused(folder, change, said):
    content = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(content | change))
    with pytest.raises(BadInput, match=said):
        load_bundle(folder)


def test_arguments_that_do_not_fit_are_a_sentence():
    spec = SPEC | {"weights": {"sha256": "0" * 64, "size_bytes": 1}}
    spec["architecture"] = {"name": "acs-unet", "arguments": {"colour": "red"}}
    with pytest.raises(BadInput, match="colour"):
        build_network(BundleSpec.model_validate(spec))


class _Bomb:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


@pytest.mark.parametrize("writer", ["pickle", "torch"])
def test_a_pickle_bomb_is_refused_and_does_not_go_off(tmp_path, writer):
    sign = tmp_path / "went-off"
    file = tmp_path / "weights.pt"
    if writer == "pickle":
        file.write_bytes(pickle.dumps({"weight": _Bomb(sign)}))
    else:
        torch.save({"weight": _Bomb(sign)}, file)
    with pytest.raises(BadInput, match="run code"):
        load_state(file)
    assert not sign.exists()


def test_plain_pt_files_load_and_wrappers_are_opened(tmp_path):
    state = {"a": torch.arange(3.0)}
    torch.save({"state_dict": state}, tmp_path / "w.pth")
    assert torch.equal(load_state(tmp_path / "w.pth")["a"], state["a"])


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt", "w.bin", "none.pt"])
def test_broken_or_foreign_files_are_a_sentence(tmp_path, name):
    if not name.startswith("none"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(BadInput, match=name):
        load_state(tmp_path / name)


def test_unknown_model_names_those_that_exist():
    with pytest.raises(BadInput, match="not known"):
        load_bundle("no-such-model")
    for entry in list_bundles():
        assert load_any_bundle(entry.spec.id).spec == entry.spec


@pytest.mark.parametrize("method", sorted(SHIFTED))
def test_a_background_that_shifts_needs_every_channel(method):
    weights = {"weights": {"sha256": "0" * 64, "size_bytes": 1}}
    channels = [{"name": n, "required": n == "t1"} for n in ("t1", "flair")]
    fields = SPEC | weights | {"input": SPEC["input"] | {"normalisation": method}}
    with pytest.raises(ValueError, match="must be required"):
        BundleSpec.model_validate(fields | {"input": fields["input"] | {"channels": channels}})
    channels[1]["required"] = True
    BundleSpec.model_validate(fields | {"input": fields["input"] | {"channels": channels}})
