"""Weights of torchvision, acsconv and our own training, imported."""

import contextlib
import os
from urllib.error import URLError

import pytest
import torch
import torchvision
import yaml
from acsconv.converters import Conv3dConverter, SoftACSConverter
from acsconv.operators import ACSConv
from safetensors.torch import save_file
from torch import nn

from napari_acs.acs import convert
from napari_acs.errors import BadInput
from napari_acs.models import load_bundle
from napari_acs.models.encoders import ENCODERS, Encoder, trunk_names
from napari_acs.models.imports import import_model, kind_of
from napari_acs.models.imports.run_folder import RECIPE_DEFAULTS
from napari_acs.models.imports.trunks import encoder_of
from napari_acs.models.unet import ACSUNet
from napari_acs.training.recipe import Recipe

SLOWER = (
    "regnet_x_400mf",
    "convnext_tiny",
    "wide_resnet50_2",
    "mobilenet_v3_small",
    "googlenet",
    "efficientnet_b0",
    "densenet121",
    "vgg11",
)
FAMILIES = (
    *("resnet18", "squeezenet1_0", "mnasnet0_5", "shufflenet_v2_x0_5"),
    *(pytest.param(name, marks=pytest.mark.slow) for name in SLOWER),
)


def twin(name):
    """A torchvision classifier with weights of its own."""
    torch.manual_seed(1)
    options = {"init_weights": False} if name == "googlenet" else {}
    network = torchvision.models.get_model(name, weights=None, **options).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-0.1, 0.1)
    return network


@pytest.mark.parametrize("name", FAMILIES)
def test_a_checkpoint_is_recognised_and_becomes_the_encoder_of_an_untrained_bundle(tmp_path, name):
    network = twin(name)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "mine.pth")
    bundle = import_model(tmp_path / "mine.pth", tmp_path / "store", channels=("flair", "t1ce"))
    assert bundle.path.name == "untrained-mine"
    spec = load_bundle(bundle.path).spec
    assert spec.status == "untrained"
    assert spec.architecture.arguments["encoder"] == name
    assert [c.name for c in spec.input.channels] == ["flair", "t1ce"]
    assert "Untrained" in (bundle.path / "card.md").read_text()
    ours = bundle.network(untrained=True).encoder.trunk
    theirs, names = network.state_dict(), trunk_names(name)
    own = ours.state_dict()
    changed = [k for k, t in own.items() if t.shape != theirs[names[k][0]].shape]
    assert len(changed) == 1  # the first, for two sequences
    for key in own.keys() - changed:
        assert torch.equal(own[key], theirs[names[key][0]]), key


def test_every_encoder_differs_from_the_others_and_known_names_stay():
    assert len(set(ENCODERS)) == len(ENCODERS)
    assert {"mobilenet_v2", "densenet121", "efficientnet_b0", "vgg11_bn", "resnet50"} <= {*ENCODERS}
    for name in ("vgg11", "efficientnet_b1"):
        with torch.device("meta"):
            state = torchvision.models.get_model(name, weights=None).state_dict()
        assert encoder_of(state, "it") == name


@pytest.mark.parametrize("name", ["convnext_tiny", "efficientnet_v2_s", "alexnet"])
def test_maps_of_an_encoder_halve_down_to_its_stride(name):
    with torch.no_grad():
        encoder = Encoder(name, 2).eval()
        maps = encoder(torch.zeros(1, 2, 64, 64, 64))
    assert [m.shape[1] for m in maps] == list(encoder.channels)
    for found, stride in zip(maps, encoder.strides, strict=True):
        assert abs(found.shape[2] - 64 / stride) <= 1


@pytest.mark.parametrize("name", ["vit_b_16", "swin_t", "inception_v3", "nothing"])
def test_what_cannot_be_an_encoder_is_refused_by_name(tmp_path, name):
    with pytest.raises(BadInput, match=name):
        import_model(f"torchvision:{name}", tmp_path / "store")


def test_a_transformers_weights_are_refused_as_such():
    with torch.device("meta"):
        state = torchvision.models.vit_b_32().state_dict()
    with pytest.raises(BadInput, match="transformer"):
        encoder_of(state, "it")


def test_official_weights_come_from_torchs_cache_or_the_refusal_says_what_to_do(
    tmp_path, monkeypatch
):
    def offline(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(BadInput, match="add that"):
        import_model("torchvision:squeezenet1_1", tmp_path / "store")
    assert not (tmp_path / "store").exists()
    state = twin("squeezenet1_1").state_dict()
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *_, **__: state)
    bundle = import_model("torchvision:squeezenet1_1", tmp_path / "store")
    assert bundle.spec.id == "untrained-squeezenet1_1"
    weight = bundle.network(untrained=True).encoder.trunk.state_dict()["3.squeeze.weight"]
    assert torch.equal(weight, state["features.3.squeeze.weight"])


@contextlib.contextmanager
def older_norms():
    """BatchNorm3d with the arguments that acsconv 0.1.1 knows; newer torch has one more."""

    class BatchNorm3d(nn.BatchNorm3d):
        def __init__(self, num_features, eps, momentum, affine, track_running_stats):
            super().__init__(num_features, eps, momentum, affine, track_running_stats)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn, "BatchNorm3d", BatchNorm3d)
        yield


@pytest.mark.parametrize(
    ("converter", "mode"), [(SoftACSConverter, "soft"), (Conv3dConverter, "conv3d")]
)
def test_a_network_that_acsconv_converted_answers_the_same_as_encoder(tmp_path, converter, mode):
    flat = twin("resnet18")
    with older_norms():
        theirs = converter(flat).model.eval()
    torch.save(theirs.state_dict(), tmp_path / "solid.pth")
    assert kind_of(tmp_path / "solid.pth") == "acsconv"
    three = ("t1", "t1ce", "flair")
    bundle = import_model(tmp_path / "solid.pth", tmp_path / "store", channels=three)
    assert bundle.spec.architecture.arguments["mode"] == mode
    x = torch.randn(1, 3, 32, 32, 32)
    with torch.no_grad():
        stem = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(x))))
        second = theirs.layer2(theirs.layer1(stem))
        ours = bundle.network(untrained=True).encoder(x)[2]
    torch.testing.assert_close(ours, second, atol=1e-4, rtol=1e-4)


def test_a_layer_of_acsconv_has_the_names_and_the_split_of_ours():
    theirs = ACSConv(3, 8, 3, padding=1).eval()
    ours = convert(nn.Sequential(nn.Conv2d(3, 8, 3, padding=1)))[0]
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(1, 3, 6, 7, 8)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-5)


@pytest.fixture
def unet():
    torch.manual_seed(2)
    return ACSUNet("squeezenet1_1", 2, 3, (12, 8, 8, 4), 4).eval()


def test_a_whole_acs_unet_is_a_trained_network(tmp_path, unet):
    save_file(dict(unet.state_dict()), tmp_path / "whole.safetensors")
    with pytest.raises(BadInput, match="--channels"):
        import_model(tmp_path / "whole.safetensors", tmp_path / "store")
    bundle = import_model(
        tmp_path / "whole.safetensors", tmp_path / "store", channels=("t2", "flair")
    )
    assert bundle.spec.status == "trained"
    x = torch.randn(1, 2, 32, 33, 40)
    with torch.no_grad():
        assert torch.equal(bundle.network()(x), unet(x))


RECIPE = {
    "id": "my-run",
    "title": "Mine",
    "architecture": {
        "encoder": "squeezenet1_1",
        "decoder_channels": [12, 8, 8, 4],
        "stem_channels": 4,
    },
    "sequences": ["t1ce", "flair"],
    "validation": [],
}


def test_a_training_runs_folder_becomes_a_bundle_by_its_recipe(tmp_path, unet):
    run = tmp_path / "run"
    run.mkdir()
    state = {"step": 3, "best": 0.5, "network": {}, "average": dict(unet.state_dict())}
    torch.save({**state, "optimiser": {"state": {}}}, run / "checkpoint.pt")
    with pytest.raises(BadInput, match="--config"):
        import_model(run, tmp_path / "store")
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    bundle = import_model(run, tmp_path / "store", config=tmp_path / "recipe.yaml")
    assert bundle.spec.id == "my-run"
    assert bundle.spec.input.spacing_mm == (2.0, 2.0, 2.0)
    x = torch.randn(1, 2, 32, 32, 32)
    with torch.no_grad():
        assert torch.equal(bundle.network()(x), unet(x))
    again = import_model(bundle.path, tmp_path / "other")
    assert again.sha256 == bundle.sha256
    assert again.spec == bundle.spec
    with pytest.raises(BadInput, match="exists"):
        import_model(bundle.path, tmp_path / "other")


def test_what_a_recipe_leaves_out_means_the_same_in_both_rooms():
    defaults = Recipe(**{k: RECIPE[k] for k in ("id", "title", "architecture", "validation")})
    dumped = defaults.model_dump(mode="json")
    assert {key: dumped[key] for key in RECIPE_DEFAULTS} == RECIPE_DEFAULTS


class Bomb:
    def __reduce__(self):
        return (os.mkdir, (str(self.target),))


@pytest.mark.parametrize("name", ["x.pth", "x.txt", "x.safetensors", "folder", "missing.pth"])
def test_what_is_nothing_is_refused_and_leaves_nothing(tmp_path, name):
    bomb = Bomb()
    bomb.target = tmp_path / "boom"
    if name == "x.pth":
        torch.save({"state_dict": bomb}, tmp_path / name)
    elif name == "folder":
        (tmp_path / name).mkdir()
    elif name != "missing.pth":
        (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(BadInput):
        import_model(tmp_path / name, tmp_path / "store")
    assert {p.name for p in tmp_path.iterdir()} <= {name}


def test_damaged_weights_and_other_kinds_are_refused(tmp_path):
    state = twin("squeezenet1_1").state_dict()
    state["features.3.squeeze.weight"][0] = float("nan")
    save_file(dict(state), tmp_path / "x.safetensors")
    with pytest.raises(BadInput, match="NaN"):
        import_model(tmp_path / "x.safetensors", tmp_path / "store")
    with pytest.raises(BadInput, match="torchvision, gandlf, acsconv, run, monai"):
        import_model(tmp_path / "x.safetensors", tmp_path / "store", kind="keras")
    with pytest.raises(BadInput, match="id"):
        import_model(bundle_source(tmp_path), tmp_path / "store", id="../../x")
    assert not (tmp_path / "store").exists()


def bundle_source(folder):
    torch.save(twin("squeezenet1_1").state_dict(), folder / "good.pth")
    return folder / "good.pth"
