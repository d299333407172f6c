"""Names that a table or a ``dataset.json`` gives: none leads out of the cache."""

from __future__ import annotations

import json

import pytest
from training.tiny import as_msd, as_nnunet, tiny

from napari_acs.errors import BadInput
from napari_acs.training.layouts import find_training_cases
from napari_acs.training.layouts.case import named
from napari_acs.training.layouts.labelled import find_labelled
from napari_acs.training.layouts.unlisted import unlisted

CASES = {"a": tiny(1), "b": tiny(2)}


def _say(root, **more):
    file = root / "dataset.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | more))


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "..", "", "x\\y", "two\nlines", ".a"])
def test_a_case_of_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    root = as_nnunet(tmp_path / "data", CASES)
    images = [f"imagesTr/a_000{channel}.nii.gz" for channel in range(4)]
    _say(root, dataset={name: {"images": images, "label": "labelsTr/a.nii.gz"}})
    for find in (find_training_cases, find_labelled):
        with pytest.raises(BadInput, match="names no case"):
            find([root])


def test_names_of_many_languages_may_be(tmp_path):
    for name in ("Fall 3 (früh)", "患者-1", "a.b"):
        assert named(name, "cases.csv, line 2") == name


def test_an_ending_that_no_image_has_is_what_is_refused(tmp_path):
    root = as_nnunet(tmp_path / "data", CASES)
    for ending in (".nrrd", ".nii"):
        _say(root, file_ending=ending)
        with pytest.raises(BadInput, match=rf"found file_ending \{ending}, and files .*\.nii\.gz"):
            find_training_cases([root])


@pytest.mark.parametrize("write", [as_nnunet, as_msd])
def test_fewer_cases_than_the_data_set_says_it_has_are_said(tmp_path, write):
    root = write(tmp_path / "data", CASES)
    _say(root, numTraining=484)
    (said,) = unlisted([root])
    assert "says numTraining 484, and 2 cases are there" in said
    for fine in (2, 1, "484", None):  # some leave cases out on purpose, see `unlisted`
        _say(root, numTraining=fine)
        assert unlisted([root]) == ()
