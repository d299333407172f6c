"""A series that cannot be read is no missing sequence: it is named, with why."""

from __future__ import annotations

import json

import pytest
from imaging.dicom.study import phantom, write_sequences
from imaging.dicom.write import assert_names_nobody, write_series

from napari_acs.imaging import read_volumes


@pytest.fixture
def broken(tmp_path):
    """Return a study whose T2 misses a slice."""
    files = write_sequences(tmp_path / "DOE", phantom())
    files["t2"][7].unlink()
    return tmp_path / "DOE"


def told(study):
    lost: dict[str, str] = {}
    _, volumes = read_volumes(study, left_out=lost.__setitem__)
    return list(volumes), lost


def test_check_and_segment_name_it(call, broken, bundle_dir, tmp_path):
    done = call("check", broken, "--model", bundle_dir, "--json", "-")
    (line,) = [each for each in json.loads(done.stdout)["lines"] if each["topic"] == "left out"]
    assert line["status"] == "amber"
    assert line["title"] == "T2 is there and is left out"
    assert "series 4 (t2_tse_tra) misses 1 slice" in line["found"]
    made = call("segment", broken, "--model", bundle_dir, "--out", tmp_path / "m.nii.gz")
    assert "T2 is there and is left out: DICOM series 4 (t2_tse_tra) misses 1" in made.stderr
    assert_names_nobody(done.output + made.output.replace(str(tmp_path), ""))


def test_one_that_is_there_whole_as_well_is_not_missed(broken):
    assert told(broken) == (["t1", "t1ce", "flair"], told(broken)[1])
    assert list(told(broken)[1]) == ["t2"]
    again = {"EchoTime": 100, "RepetitionTime": 5000}
    write_series(broken / "6", phantom()["t2"], description="t2_tse_tra", number=6, **again)
    assert told(broken) == (["t1", "t1ce", "t2", "flair"], {})


def test_a_whole_study_loses_nothing(tmp_path):
    write_sequences(tmp_path, phantom())
    assert told(tmp_path)[1] == {}
