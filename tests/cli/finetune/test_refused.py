"""What ``napari-acs finetune`` refuses before anything is read or written."""

import json
import shutil

import numpy as np
import pytest
from cli.finetune.hands import (
    finetune,
    parent_bundle,
    rewrite_masks,
)

from napari_acs.models import default_bundle_id
from napari_acs.models.store import DEFAULT_ID


def test_an_id_that_no_model_may_have_is_refused_before_anything_is_read(tmp_path):
    code, said = finetune(tmp_path, tmp_path / "no-model", "never", "--id", "My Model")
    assert code == 2
    assert "'My Model': expected small letters" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda labels: labels > 0, "only 0 and 1 in 4 masks"),
        (lambda labels: labels * 0, "No mask marks any tumour, of 4"),
        (lambda labels: np.where(labels == 1, 7, labels), "unknown labels"),
    ],
)
def test_wrong_labels_are_refused_before_anything_is_written(place, tmp_path, write, said):
    shutil.copytree(place / "data", tmp_path / "data")
    rewrite_masks(tmp_path / "data", write)
    code, output = finetune(tmp_path, place / "parent", "never", "--promote", "--id", "never")
    assert code == 2, output
    assert said in output
    assert default_bundle_id() == DEFAULT_ID
    assert not list(tmp_path.glob("*never*"))


@pytest.mark.parametrize(
    ("fields", "options", "said"),
    [
        ({}, ("--id", "parent"), "id of the old one"),
        ({}, ("--keep-out", 1), "more than 0 and less than 1"),
        ({}, ("--validation", "case9"), "case9"),
        ({}, ("--steps", 0), "positive"),
        ({}, ("--learning-rate", "nan"), "--learning-rate nan: expected a positive number"),
        ({}, ("--learning-rate", "inf"), "--learning-rate inf: expected a positive number"),
        ({}, ("--learning-rate", 0), "--learning-rate 0: expected a positive number"),
        ({}, ("--seed", -1), "--seed -1: expected a number from 0"),
        ({}, ("--seed", 2**32), "expected a number from 0 to 4294967295"),
        ({}, ("--id", "My Model"), "'My Model': expected small letters"),
        ({}, ("--id", "../up"), "expected small letters"),
        ({}, ("--promote", "--id", DEFAULT_ID), "already"),
        ({}, ("--accept-worse",), "Add --promote"),
        ({"input": {"spacing_mm": [1, 1, 3], "patch": [16, 16, 16], "channels": [{"name": "t1"}]}},
         (), "1 x 1 x 3 mm"),
        ({"input": {"spacing_mm": [1, 1, 1], "patch": [16, 16, 16], "normalisation": "zscore",
                    "channels": [{"name": "t1", "required": True}]}}, (), "shifts the background"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    place, tmp_path, fields, options, said
):
    bundle = _described(tmp_path, fields)
    code, output = finetune(place, bundle.path, "never", *options)
    assert code == 2, output
    assert said in output
    assert not (place / "never").exists()
    assert not (place / "run-never").exists()


def _described(folder, fields):
    """A bundle of other fields; what is refused by its description is never built."""
    bundle = parent_bundle(folder / "parent")
    file = bundle.path / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))
    return bundle
