"""The figures of a card: the whole pipeline on phantoms that nobody trained on."""

import torch

from napari_acs.models import save_bundle
from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.models.unet import ACSUNet
from napari_acs.training.judge import PHANTOMS, judge
from napari_acs.training.phantom import prepare_atlas

ARGUMENTS = {"encoder": "squeezenet1_1", "decoder_channels": [8, 8, 8, 8], "stem_channels": 8}


def _bundle(folder, bias):
    torch.manual_seed(0)
    network = ACSUNet(**ARGUMENTS)
    torch.nn.init.zeros_(network.head.weight)
    torch.nn.init.constant_(network.head.bias, bias)
    spec = {
        "id": "constant",
        "version": "0",
        "title": "Says the same everywhere",
        "task": "segmentation",
        "architecture": {"name": "acs-unet", "arguments": ARGUMENTS},
        "input": {
            "channels": [{"name": n} for n in ("t1", "t1ce", "t2", "flair")],
            "spacing_mm": [4, 4, 4],
            "patch": [48, 48, 48],
        },
        "output": GLIOMA_OUTPUT.model_dump(),
        "licence": "none",
    }
    return save_bundle(folder, spec, network)


def test_phantoms_are_scored_through_the_whole_pipeline(tmp_path):
    atlas = prepare_atlas(tmp_path / "atlas.npz", 4.0)
    everywhere = judge(_bundle(tmp_path / "all", 9.0), [], atlas, phantoms=1)
    nowhere = judge(_bundle(tmp_path / "none", -9.0), [], atlas, phantoms=1)
    for group in PHANTOMS:
        (scores,) = everywhere[group].values()
        assert 0 < scores["WT"]["dice"] < 0.5
        assert everywhere[f"mean_{group}"]["WT"]["dice"] == scores["WT"]["dice"]
        (scores,) = nowhere[group].values()
        assert scores["WT"] == {"dice": 0.0, "hd95_mm": 373.1287}
    assert everywhere["phantoms"].keys() == nowhere["phantoms"].keys()
