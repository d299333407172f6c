"""Whose case it is and which class it has, from any data set."""

from dataclasses import replace

import pytest
import torch
import yaml
from training.classification.conftest import FIELDS
from training.tiny import write_case

from napari_acs.errors import BadInput
from napari_acs.training.classification.boxes import CASES, load_boxes, prepare_boxes
from napari_acs.training.kinds import read_plan
from napari_acs.training.layouts import find_training_cases


def _prepared(recipe, cases, cache):
    list(prepare_boxes(recipe, cases, cache, None))
    return load_boxes(cache / CASES)


def test_visits_of_a_patient_are_one_patient_and_changed_cases_are_made_again(recipe, tmp_path):
    for number in (1, 2):
        write_case(tmp_path / "data" / f"p7_ses-{number}", number)
    cases = find_training_cases([tmp_path / "data"])
    before = _prepared(recipe(), cases, tmp_path / "cache")
    assert {one.patient for one in before} == {"p7"}
    write_case(tmp_path / "data" / "p7_ses-2", 9)
    after = _prepared(recipe(), cases, tmp_path / "cache")
    assert [torch.equal(a.channels, b.channels) for a, b in zip(before, after, strict=True)] == [
        True,
        False,
    ]


def test_a_data_set_may_say_the_class_itself(recipe, tmp_path):
    plain = recipe(derived=None)
    write_case(tmp_path / "data" / "a", 1)
    (case,) = find_training_cases([tmp_path / "data"])
    (one,) = _prepared(plain, [replace(case, label="bright")], tmp_path / "cache")
    assert one.label == 1
    with pytest.raises(BadInput, match="of no class of the recipe: found C"):
        _prepared(plain, [replace(case, label="C")], tmp_path / "cache")


def test_the_labels_of_a_recipe_lie_beside_it(tmp_path):
    (tmp_path / "there").mkdir()
    fields = {**FIELDS, "derived": None, "labels": "labels.csv"}
    file = tmp_path / "there" / "recipe.yaml"
    file.write_text(yaml.safe_dump(fields))
    assert read_plan(file, {}).labels == tmp_path / "there" / "labels.csv"
    assert str(read_plan(file, {"labels": "mine.csv"}).labels) == "mine.csv"


def test_a_cache_whose_note_was_half_written_is_none_of_another_recipe(
    recipe, tmp_path, monkeypatch
):
    def half(file, text, **_):
        file.write_bytes(text.encode()[:40])
        raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr("pathlib.Path.write_text", half)
        list(prepare_boxes(recipe(), [], tmp_path, None))
    assert list(prepare_boxes(recipe(), [], tmp_path, None)) == []
