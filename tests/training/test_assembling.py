"""From checkpoints to bundles: one fold's, and the ensemble of all."""

from __future__ import annotations

import pytest
import torch
from models.test_bundle import SPEC

from napari_acs.errors import BadInput
from napari_acs.models.cross_validation import unseen, unseen_members
from napari_acs.models.unet import ACSUNet
from napari_acs.training.assembling import Fold, assemble
from napari_acs.training.deep_supervision import DeeplySupervisedUNet

OTHER = {"encoder": "squeezenet1_1", "decoder_channels": [8, 8, 8, 8], "stem_channels": 4}


def checkpoint(folder, seed, kind=ACSUNet, arguments=SPEC["architecture"]["arguments"]):
    torch.manual_seed(seed)
    network = kind(**arguments)
    torch.save({"step": 1, "average": network.state_dict()}, folder / f"{seed}.pt")
    return folder / f"{seed}.pt"


def test_an_ensemble_holds_every_fold_and_says_what_it_never_saw(tmp_path):
    folds = [Fold(checkpoint(tmp_path, n), (f"case{n}", f"other{n}")) for n in range(2)]
    alone = [assemble(tmp_path / f"fold{n}", SPEC, [fold]) for n, fold in enumerate(folds)]
    both = assemble(tmp_path / "both", SPEC, folds)
    x = torch.randn(1, 4, 16, 17, 18)
    with torch.no_grad():
        each = [bundle.probabilities(bundle.network()(x)) for bundle in alone]
        mean = both.probabilities(both.network()(x))
        first = unseen(both, "case0").network()
        torch.testing.assert_close(mean, (each[0] + each[1]) / 2, atol=1e-6, rtol=0)
        torch.testing.assert_close(both.probabilities(first(x)), each[0], atol=1e-6, rtol=0)
    sides = assemble(tmp_path / "sides", SPEC, folds, mirrored=True)
    with torch.no_grad():
        seen = both.probabilities(both.network()(x.flip(4))).flip(4)
        torch.testing.assert_close(
            sides.probabilities(sides.network()(x)), (mean + seen) / 2, atol=1e-6, rtol=0
        )
    assert unseen_members(both.spec, "other1") == (1,)
    assert unseen_members(alone[1].spec, "other1") == (0,)
    assert both.spec.weights.size_bytes < 1.1 * sum(b.spec.weights.size_bytes for b in alone)


def test_networks_of_two_kinds_go_together(tmp_path):
    supervised = checkpoint(tmp_path, 1, DeeplySupervisedUNet, OTHER)
    folds = [Fold(checkpoint(tmp_path, 0), ("a",)), Fold(supervised, ("a", "b"), OTHER)]
    alone = [assemble(tmp_path / f"fold{n}", SPEC, [fold]) for n, fold in enumerate(folds)]
    both = assemble(tmp_path / "both", SPEC, folds)
    assert both.spec.architecture.arguments["members"][1] == OTHER
    x = torch.randn(1, 4, 32, 33, 34)
    with torch.no_grad():
        each = [bundle.probabilities(bundle.network()(x)) for bundle in alone]
        mean = both.probabilities(both.network()(x))
    torch.testing.assert_close(mean, (each[0] + each[1]) / 2, atol=1e-6, rtol=0)
    assert unseen_members(both.spec, "a") == (0, 1)
    assert unseen_members(both.spec, "b") == (1,)


def test_a_checkpoint_that_does_not_fit_is_refused_by_name_and_leaves_nothing(tmp_path):
    torch.save({"average": {}}, tmp_path / "odd.pt")
    for file in (tmp_path / "odd.pt", tmp_path / "none.pt"):
        with pytest.raises(BadInput, match=file.name):
            assemble(tmp_path / "made", SPEC, [Fold(file, ())])
    assert not (tmp_path / "made").exists()
