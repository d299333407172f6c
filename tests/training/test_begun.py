"""A run goes on with the cases that it was begun with, and says what it started from."""

import pytest

from napari_acs.errors import BadInput
from napari_acs.training.begun import begin_with


def test_a_run_keeps_its_start_and_its_cases(tmp_path):
    cases = {"a": "1", "b": "2"}
    assert begin_with(tmp_path, "mine.safetensors", cases, resumed=False) == "mine.safetensors"
    assert begin_with(tmp_path, "torchvision", cases, resumed=True) == "mine.safetensors"
    for other, said in (
        ({"a": "1"}, r"b \(gone\)"),
        ({**cases, "c": "3"}, r"c \(new\)"),
        ({**cases, "a": "9"}, r"a \(changed\)"),
    ):
        with pytest.raises(BadInput, match=said):
            begin_with(tmp_path, "torchvision", other, resumed=True)
    # Nothing was trained yet: it may begin otherwise.
    assert begin_with(tmp_path, "torchvision", {"c": "3"}, resumed=False) == "torchvision"


def test_a_run_begun_before_there_was_a_record_goes_on(tmp_path):
    assert begin_with(tmp_path, "torchvision", {"a": "1"}, resumed=True) == "torchvision"
    (tmp_path / "begun.json").write_text("{")
    with pytest.raises(BadInput, match=r"begun\.json cannot be read"):
        begin_with(tmp_path, "torchvision", {"a": "1"}, resumed=True)
