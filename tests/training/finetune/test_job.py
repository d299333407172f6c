"""What a fine-tune trains, what it leaves alone, and what a bundle gets of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_acs.errors import BadInput
from napari_acs.models import save_bundle
from napari_acs.models.networks import InLpsOrder
from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.models.unet import ACSUNet
from napari_acs.training.checkpoint import read_checkpoint
from napari_acs.training.finetune.card import never_seen
from napari_acs.training.finetune.cases import balanced
from napari_acs.training.finetune.job import (
    cases_of,
    tune,
    tuned_network,
    write_bundle,
    write_draft,
)
from napari_acs.training.finetune.network import EncoderHeld, as_in_bundle, tunable
from napari_acs.training.finetune.plan import Wish, recipe_of
from napari_acs.training.finetune.run import Plan
from napari_acs.training.finetune.split import Split
from napari_acs.training.finetune.verdict import Verdict

ARGUMENTS = {"encoder": "squeezenet1_1", "decoder_channels": [8, 8, 8, 8], "stem_channels": 8}


@pytest.fixture
def parent(tmp_path):
    torch.manual_seed(0)
    fields = {
        "id": "parent",
        "version": "1",
        "title": "Parent",
        "task": "segmentation",
        "architecture": {"name": "acs-unet", "arguments": ARGUMENTS},
        "input": {
            "channels": [{"name": name} for name in ("t1", "t1ce", "t2", "flair")],
            "spacing_mm": [2, 2, 2],
            "patch": [40, 40, 40],
        },
        "output": GLIOMA_OUTPUT.model_dump(),
        "licence": "none",
    }
    return save_bundle(tmp_path / "parent", fields, ACSUNet(**ARGUMENTS))


def _plan(parent, **wishes):
    recipe = recipe_of(parent.spec, Wish(**{"batch": 1, "steps": 2} | wishes), ["blob0"])
    recipe = recipe.model_copy(update={"train_patch": (24, 24, 24)})
    split = Split((Path("blob1"),), (Path("blob0"),))
    return Plan(parent, recipe, split, wishes.get("freeze_encoder", False))


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_encoder_stays_bit_for_bit_and_all_else_moves(parent, cases, tmp_path, frozen):
    plan = _plan(parent, freeze_encoder=frozen, learning_rate=1e-2)
    steps = list(tune(plan, cases[:2], tmp_path / "run"))
    assert steps[-1].finished
    old, new = parent.network().state_dict(), tuned_network(plan, tmp_path / "run").state_dict()
    assert old.keys() == new.keys()
    for name, tensor in old.items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, new[name]) is (frozen and name.startswith("encoder.")), name


def test_what_ships_is_the_average_of_the_last_steps(parent, cases, tmp_path):
    plan = _plan(parent, learning_rate=1e-2)
    list(tune(plan, cases[:2], tmp_path))
    saved = read_checkpoint(tmp_path)
    new = tuned_network(plan, tmp_path).state_dict()
    assert all(torch.equal(tensor, saved["average"][name]) for name, tensor in new.items())
    assert not all(torch.equal(tensor, saved["network"][name]) for name, tensor in new.items())


def test_the_statistics_of_a_frozen_encoder_are_in_eval_mode_however_it_is_set(parent):
    held = tunable(parent, freeze_encoder=True)
    assert isinstance(held, EncoderHeld)
    held.train()
    assert held.network.decoder.training
    assert not any(module.training for module in held.network.encoder.modules())
    assert as_in_bundle(held) is held.network


def test_other_axes_are_turned_for_training_and_back_for_the_bundle(parent):
    axes = parent.spec.input.model_copy(update={"axes": "xyz", "orientation": "RAS"})
    spec = parent.spec.model_copy(update={"input": axes})
    network = tunable(replace(parent, spec=spec), freeze_encoder=False)
    assert isinstance(network, InLpsOrder)
    assert as_in_bundle(network).state_dict().keys() == parent.network().state_dict().keys()


def test_every_second_draw_is_a_corrected_case(cases):
    corrected, rehearsed = cases[:1], cases[1:]
    mixed = balanced(corrected, rehearsed * 5)
    assert sum(case is corrected[0] for case in mixed) == len(mixed) / 2
    assert balanced(corrected, []) == corrected


def test_a_held_out_head_that_is_trained_on_under_another_name_is_refused(parent, cases, tmp_path):
    for name in ("blob0", "blob1"):
        np.savez(
            tmp_path / f"{name}.npz",
            images=cases[0].images.numpy(),
            labels=cases[0].labels.numpy(),
            spacing_mm=2.0,
        )
    with pytest.raises(BadInput, match="blob0 is trained on as blob1"):
        cases_of(_plan(parent), tmp_path)


def test_an_untrained_parent_gets_the_rates_of_a_first_training(parent):
    fresh = parent.spec.model_copy(update={"status": "untrained", "id": "untrained-vgg11"})
    slow, fast = (recipe_of(spec, Wish(), ["a"]) for spec in (parent.spec, fresh))
    assert fast.learning_rate > slow.learning_rate
    assert fast.steps > slow.steps
    assert (slow.id, fast.id) == ("parent-finetuned", "vgg11-trained")
    assert slow.publish == fast.publish == "last"
    assert slow.patience == 0


def test_the_parent_says_what_it_never_saw(parent):
    def told(training, **more):
        return parent.spec.model_copy(update={"training": training, **more})

    assert never_seen(told({"held_out": ["a"]}), "a")
    assert not never_seen(told({"held_out": ["a"]}), "b")
    assert not never_seen(told({}), "a")
    assert never_seen(told({}, status="untrained"), "a")
    ensemble = parent.spec.architecture.model_copy(update={"arguments": {"members": [{}, {}]}})
    members = {"members": [{"held_out": ["a", "b"]}, {"held_out": ["b"]}]}
    assert never_seen(told(members, architecture=ensemble), "b")
    assert not never_seen(told(members, architecture=ensemble), "a")


@pytest.mark.parametrize("half", [True, False])
def test_what_is_judged_and_written_is_as_precise_as_the_parent(parent, tmp_path, half):
    fields = parent.spec.model_dump(mode="json", exclude={"weights"})
    fields |= {"training": {"cases": ["blob0"]}} if half else {}
    old = save_bundle(tmp_path / "old", fields, parent.network(), half=half)
    assert old.in_half is half
    plan, network = _plan(old), parent.network()
    draft = write_draft(plan, network, tmp_path / "draft")
    scores = {region: {"dice": 0.5, "hd95_mm": 1.0} for region in ("WT", "TC", "ET")}
    after = {"cases": {"blob0": scores}, "mean_cases": scores}
    args = (after, after, Verdict(False, "Not worse."), {"steps": 2})
    new = write_bundle(plan, network, tmp_path / "new", *args)
    assert new.sha256 == draft.sha256, "the figures are of the weights that are written"
    assert new.in_half is half
    flattered = "parent was trained on blob0: their figures flatter"
    assert (flattered in (new.path / "card.md").read_text()) is half, "as far as the parent says"
    size, whole = new.spec.weights.size_bytes, parent.spec.weights.size_bytes
    assert size < 0.6 * whole if half else size == whole
