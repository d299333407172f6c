"""The folder of a fine-tune: figures of the old model are measured once, and of these data."""

import json

import pytest

from napari_acs.errors import BadInput
from napari_acs.training.finetune.run import (
    BEFORE,
    RECORD,
    begin,
    refuse_another,
    remembered,
)


def test_the_old_models_figures_are_measured_once(tmp_path):
    measured = []

    def measure():
        measured.append(1)
        return {"mean": 0.5, "pair": (1, 2)}

    first = remembered(tmp_path / BEFORE, measure)
    assert remembered(tmp_path / BEFORE, measure) == first
    assert len(measured) == 1
    assert first["pair"] == [1, 2], "as a run that goes on reads it"
    (tmp_path / BEFORE).write_text("{half")
    with pytest.raises(BadInput, match=f"{BEFORE} cannot be read"):
        remembered(tmp_path / BEFORE, measure)


def test_figures_of_unknown_data_are_not_kept_and_those_of_this_run_are(tmp_path):
    (tmp_path / BEFORE).write_text("{}")
    record = {"masks": {"training": {"a": "1"}}, "recipe": {"steps": 3}}
    begin(record, tmp_path)
    assert not (tmp_path / BEFORE).exists(), "nobody knows what they were measured on"
    assert json.loads((tmp_path / RECORD).read_text()) == record
    (tmp_path / BEFORE).write_text("{}")
    begin(record, tmp_path)
    assert (tmp_path / BEFORE).exists()


def test_another_fine_tune_is_refused_by_what_differs_and_nothing_is_written(tmp_path):
    record = {"recipe": {"steps": 3}, "masks": {"training": {"a": "1"}, "held_out": {"b": "2"}}}
    begin(record, tmp_path)
    other = {**record, "masks": {"training": {"a": "1"}, "held_out": {"b": "3", "c": "4"}}}
    with pytest.raises(BadInput, match=r"another fine-tune: found other masks \(b, c\)"):
        begin(other, tmp_path)
    with pytest.raises(BadInput, match="found other recipe"):
        refuse_another({**record, "recipe": {"steps": 4}}, tmp_path)
    assert json.loads((tmp_path / RECORD).read_text()) == record
