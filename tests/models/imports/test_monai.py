"""MONAI bundles, made with the real MONAI, imported: the same answer, or a refusal."""

import json
import os
from zipfile import ZipFile

import pytest
import torch
from monai.data import MetaTensor
from monai.networks import nets
from monai.transforms import NormalizeIntensity

from napari_acs.errors import BadInput
from napari_acs.models import load_bundle
from napari_acs.models.imports import import_model

CASES = {
    "SegResNet": {"init_filters": 8, "blocks_down": [1, 2, 2], "blocks_up": [1, 1]}
    | {"in_channels": 4, "out_channels": 3, "dropout_prob": 0.2},
    "UNet": {"spatial_dims": 3, "in_channels": 4, "out_channels": 3, "channels": [4, 8, 16]}
    | {"strides": [2, 2], "num_res_units": 1},
    "BasicUNet": {"in_channels": 4, "out_channels": 3, "features": [4, 4, 8, 8, 8, 4]},
    "DynUNet": {"spatial_dims": 3, "in_channels": 4, "out_channels": 3, "kernel_size": [3, 3, 3]}
    | {"strides": [1, 2, 2], "upsample_kernel_size": [2, 2], "filters": [4, 8, 8]}
    | {"deep_supervision": True},
}
BRATS = {"0": "T1c", "1": "T1", "2": "T2", "3": "FLAIR"}
REGIONS = {"0": "Tumor core", "1": "Whole tumor", "2": "Enhancing tumor"}


def write(folder, name="SegResNet", network=None, **changes):
    """Write a bundle as those of the model zoo; return its network."""
    torch.manual_seed(3)
    network = network or getattr(nets, name)(**CASES[name]).eval()
    for part in ("configs", "models"):
        (folder / part).mkdir(parents=True)
    described = {"_target_": name, **CASES[name]}
    steps = [
        {"_target_": "LoadImaged", "keys": "image"},
        {"_target_": "NormalizeIntensityd", "keys": "image"}
        | {"nonzero": True, "channel_wise": True},
    ]
    config = {
        "imports": ["$import os"],
        "bundle_root": ".",
        "device": "$torch.device('cuda:0')",
        "filters": 8,
        "network_def": described,
        "network": "$@network_def.to(@device)",
        "preprocessing": {"_target_": "Compose", "transforms": steps},
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [96, 80, 64]},
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "Activationsd", "keys": "pred", "sigmoid": True},
                {"_target_": "Lambdad", "keys": "pred", "func": "$lambda x: x"},
            ],
        },
        **changes,
    }
    (folder / "configs" / "inference.json").write_text(json.dumps(config))
    data = {
        "inputs": {"image": {"channel_def": BRATS}},
        "outputs": {"pred": {"channel_def": REGIONS}},
    }
    metadata = {"version": "0.5.3", "eval_metrics": {"val_mean_dice": 0.8518}}
    metadata["network_data_format"] = data
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    torch.save(network.state_dict(), folder / "models" / "model.pt")
    return network


@pytest.mark.parametrize("name", CASES)
def test_an_imported_network_answers_as_in_monai(tmp_path, name):
    theirs = write(tmp_path / "brats", name)
    import_model(tmp_path / "brats", tmp_path / "store")
    bundle = load_bundle(tmp_path / "store" / "brats")
    x = torch.randn(1, 4, 48, 32, 64)
    with torch.no_grad():  # MONAI's arrays are x, y, z; ours z, y, x
        theirs_logits = theirs(x).transpose(2, 4)
        logits = bundle.network()(x.transpose(2, 4))
    torch.testing.assert_close(logits, theirs_logits, atol=1e-4, rtol=0)
    tc, wt, et = theirs_logits[0].sigmoid()
    nested = torch.stack([wt, torch.minimum(wt, tc), torch.minimum(torch.minimum(wt, tc), et)])
    torch.testing.assert_close(bundle.probabilities(logits)[0], nested, atol=1e-4, rtol=0)
    spec = bundle.spec
    assert [c.name for c in spec.input.channels] == ["t1ce", "t1", "t2", "flair"]
    assert all(c.required for c in spec.input.channels)
    assert spec.input.patch == (64, 80, 96)
    assert spec.requires == ("monai",)
    with torch.no_grad():
        assert bundle.network()(torch.zeros(1, 4, 5, 33, 17)).shape == (1, 3, 5, 33, 17)


def test_a_zip_and_references_to_plain_values_are_read(tmp_path):
    described = {"_target_": "monai.networks.nets.segresnet.SegResNet", **CASES["SegResNet"]}
    write(tmp_path / "x" / "brats", network_def=described | {"init_filters": "@filters"})
    with ZipFile(tmp_path / "zoo.zip", "w") as archive:
        for file in (tmp_path / "x").rglob("*.*"):
            archive.write(file, file.relative_to(tmp_path / "x"))
        archive.writestr("../../escaped.txt", "x")
    bundle = import_model(tmp_path / "zoo.zip", tmp_path / "a" / "b" / "store", title="Peer")
    assert bundle.spec.architecture.arguments["arguments"]["init_filters"] == 8
    assert "0.8518" in (bundle.path / "card.md").read_text()
    assert not list(tmp_path.rglob("escaped.txt"))


def test_normalisation_is_what_the_specs_name_says(tmp_path):
    """MONAI's own transform leaves 0 at 0 and z-scores the rest: `nonzero-zscore`."""
    x = torch.tensor([0.0, 2, 4, 6]).reshape(1, 1, 1, 4)
    got = NormalizeIntensity(nonzero=True, channel_wise=True)(MetaTensor(x)).flatten()
    sd = torch.tensor([2.0, 4, 6]).std(unbiased=False)
    torch.testing.assert_close(got.as_tensor(), torch.tensor([0, -2 / sd, 0, 2 / sd]))
    write(tmp_path / "brats")
    bundle = import_model(tmp_path / "brats", tmp_path / "store")
    assert bundle.spec.input.normalisation == "nonzero-zscore"


NET = {"_target_": "SegResNet", **CASES["SegResNet"]}
LOAD = {"_target_": "LoadImaged", "keys": "image"}
CODE = "$__import__('os').mkdir('boom')"
REFUSED = {
    "expression": {"network_def": NET | {"init_filters": CODE}},
    "no network in plain words": {"network_def": CODE},
    "os.mkdir": {"network_def": {"_target_": "os.mkdir", "path": "boom"}},
    "an object": {"network_def": NET | {"act": {"_target_": "os.mkdir", "path": "boom"}}},
    "without end": {"network_def": NET | {"init_filters": "@filters"}, "filters": "@filters"},
    "larger than its weights": {"network_def": NET | {"init_filters": 2048}},
    "the number 1e.09": {"network_def": NET | {"init_filters": 10**9}},
    "does not take": {"network_def": NET | {"colour": 3}},
    "not those of the network": {"network_def": NET | {"blocks_down": [1, 2, 3]}},
    "ScaleIntensity": {
        "preprocessing": {"transforms": [LOAD, {"_target_": "ScaleIntensityd", "keys": "image"}]}
    },
    "no NormalizeIntensity": {"preprocessing": {"transforms": [LOAD]}},
    "says nothing of probabilities": {"postprocessing": {"transforms": []}},
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_needs_code_or_would_predict_otherwise_is_refused(tmp_path, monkeypatch, why):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "brats", **REFUSED[why])
    with pytest.raises(BadInput, match=why):
        import_model(tmp_path / "brats", tmp_path / "store")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["brats"]


def test_torchscript_alone_is_refused_with_the_way_out(tmp_path):
    write(tmp_path / "brats")
    (tmp_path / "brats/models/model.pt").rename(tmp_path / "brats/models/model.ts")
    with pytest.raises(BadInput, match=r"state_dict\(\), 'models/model.pt'"):
        import_model(tmp_path / "brats", tmp_path / "store")


def test_weights_that_run_code_are_refused_and_run_none(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "boom"),))

    write(tmp_path / "brats")
    torch.save({"model": Bomb()}, tmp_path / "brats" / "models" / "model.pt")
    with pytest.raises(BadInput, match="mkdir"):
        import_model(tmp_path / "brats", tmp_path / "store")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["brats"]


def test_output_channels_that_nobody_names_are_asked_for(tmp_path):
    write(tmp_path / "brats")
    (tmp_path / "brats" / "configs" / "metadata.json").write_text("{}")
    with pytest.raises(BadInput, match="--channels"):
        import_model(tmp_path / "brats", tmp_path / "store")
    order = ("t1ce", "t1", "t2", "flair")
    with pytest.raises(BadInput, match="--classes"):
        import_model(tmp_path / "brats", tmp_path / "store", channels=order)
    bundle = import_model(
        tmp_path / "brats", tmp_path / "store", channels=order, classes=("TC", "WT", "ET")
    )
    assert [r.channels for r in bundle.spec.output.regions] == [(1,), (0,), (2,)]
