"""What a recipe's run could never publish is refused before data are read."""

import pytest
import torch
import yaml
from training.classification.conftest import FIELDS

from napari_acs.errors import BadInput
from napari_acs.training.kinds import prepare_for, read_plan, refuse_unpublishable
from napari_acs.training.recipe import find_recipe

SEGMENTS = """
id: tiny
title: Tiny
architecture: {encoder: squeezenet1_1, decoder_channels: [8, 8, 8, 8], stem_channels: 8}
train_patch: [16, 16, 16]
batch: 1
phantom_share: 0
"""


def _plan(folder, text, **changes):
    (folder / "r.yaml").write_text(text)
    return read_plan(folder / "r.yaml", changes)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "MyGlioma"}, {"id": "../x"}, {"seed": -1}, {"seed": 2**32}, {"ema": 1.5},
        {"ema": -1}, {"weight_decay": -1}, {"encoder_rate": -1}, {"learning_rate": float("inf")},
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", [SEGMENTS, yaml.safe_dump(FIELDS)])
def test_a_field_that_cannot_be_is_named_whatever_the_task(tmp_path, text, change):
    with pytest.raises(BadInput, match=rf"r\.yaml has mistakes: found {next(iter(change))}: "):
        _plan(tmp_path, text, **change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"patch": [0, 8, 8]}, r"patch\.0"),
        ({"train_patch": [0, 16, 16]}, r"train_patch\.0"),
        ({"tumour_share": 2}, "tumour_share"),
        ({"sequences": []}, "sequences"),
        ({"sequences": ["t1", "t1"]}, "sequences names t1 more than once"),
        ({"may_lack": ["foo"]}, "may_lack names foo"),
    ],
)
def test_a_field_of_segmentation_that_cannot_be_is_named(tmp_path, change, said):
    with pytest.raises(BadInput, match=said):
        _plan(tmp_path, SEGMENTS, **change)


@pytest.mark.parametrize("change", [{"patience": 1}, {"publish": "best"}])
def test_a_classifier_does_not_stop_early_and_says_so(tmp_path, change):
    with pytest.raises(BadInput, match="patience and publish: best are not for a classifier"):
        _plan(tmp_path, yaml.safe_dump(FIELDS), **change)


@pytest.mark.parametrize("text", [SEGMENTS, yaml.safe_dump(FIELDS)])
def test_an_architecture_that_cannot_be_built_is_refused_before_data_are_read(tmp_path, text):
    wrong = {"encoder": "squeezenet1_1", "foo": 1}
    with pytest.raises(BadInput, match=r"cannot be built: found .*foo"):
        refuse_unpublishable(_plan(tmp_path, text, architecture=wrong))
    with pytest.raises(BadInput, match="cannot be built"):
        prepare_for(_plan(tmp_path, text, architecture=wrong), [], tmp_path / "c", lambda *_: None)


def test_a_batch_too_small_for_its_statistics_is_refused(tmp_path):
    plan = _plan(tmp_path, SEGMENTS, architecture={})  # 16 voxels are one after five halvings
    with pytest.raises(BadInput, match="1 of 16 x 16 x 16 voxels"):
        refuse_unpublishable(plan)


def test_an_encoder_that_cannot_be_built_without_numbers_is_no_fault(tmp_path):
    regnet = {"encoder": "regnet_y_400mf"}
    before = torch.get_rng_state()
    refuse_unpublishable(_plan(tmp_path, SEGMENTS, architecture=regnet, train_patch=[64] * 3))
    assert torch.get_rng_state().equal(before)


def test_what_no_bundle_may_say_is_refused(tmp_path):
    twice = [{"name": "a", "title": "A"}, {"name": "a", "title": "B"}]
    with pytest.raises(BadInput, match=r"could be written: found .*a name of its own"):
        refuse_unpublishable(_plan(tmp_path, yaml.safe_dump(FIELDS), classes=twice))


def test_every_shipped_recipe_can_be_published(tmp_path):
    folder = find_recipe("train-demo").parent
    for file in folder.glob("*.yaml"):
        refuse_unpublishable(read_plan(file, {}))
    refuse_unpublishable(_plan(tmp_path, SEGMENTS))
    refuse_unpublishable(_plan(tmp_path, yaml.safe_dump(FIELDS)))
    refuse_unpublishable(_plan(tmp_path, yaml.safe_dump(FIELDS), ships="folds", mirrored=True))
