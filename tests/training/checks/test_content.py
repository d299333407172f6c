"""Files are told apart by what they hold, however it is packed and whatever they are called."""

import gzip

import pytest
from training.tiny import as_msd, tiny

from napari_acs.training.checks.content import content_hash, content_key
from napari_acs.training.checks.twice import twice_faults
from napari_acs.training.layouts import TrainingCase, find_training_cases

CONTENT = bytes(range(256)) * 64


def _write(path, content):
    path.write_bytes(content)
    return path


def test_the_same_content_is_the_same_however_it_was_packed(tmp_path):
    one, two = (
        _write(tmp_path / f"{level}.nii.gz", gzip.compress(CONTENT, level)) for level in (1, 9)
    )
    assert one.stat().st_size != two.stat().st_size
    assert content_key(one) == content_key(two)
    assert content_hash(one) == content_hash(two)
    case = TrainingCase("x", "x", tmp_path, sequences={"t1": one, "t2": two})
    assert len(twice_faults(case)) == 1


def test_one_image_packed_and_not_is_one(tmp_path):
    one = _write(tmp_path / "t1.nii", CONTENT)
    two = _write(tmp_path / "t2.nii.gz", gzip.compress(CONTENT))
    other = _write(tmp_path / "flair.nii.gz", gzip.compress(CONTENT[::-1]))
    case = TrainingCase("x", "x", tmp_path, sequences={"t1": one, "t2": two, "flair": other})
    (fault,) = twice_faults(case)
    assert "the same content in t1.nii and t2.nii.gz" in str(fault.found)
    assert "as T1 and as T2" in fault.what


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_files_that_look_alike_at_a_glance_are_not_the_same(tmp_path, pack):
    first, second = pack(CONTENT), pack(CONTENT[::-1])
    if pack is gzip.compress:  # one checksum for two contents, as may happen
        second = second[:-8] + first[-8:]
    one, two = _write(tmp_path / "a.nii", first), _write(tmp_path / "b.nii", second)
    assert content_key(one) == content_key(two)
    assert content_hash(one) != content_hash(two)
    case = TrainingCase("x", "x", tmp_path, sequences={"t1": one, "t2": two})
    assert twice_faults(case) == []


def test_two_damaged_files_are_not_taken_for_one(tmp_path):
    torn = gzip.compress(CONTENT)[:40]
    one, two = _write(tmp_path / "a.nii.gz", torn), _write(tmp_path / "b.nii.gz", torn)
    assert content_hash(one) != content_hash(two), "that they are damaged is said of each"


def test_one_folder_of_dicom_twice_is_a_slip_and_the_volumes_of_a_4d_file_are_none(tmp_path):
    (tmp_path / "series").mkdir()
    both = dict.fromkeys(("t1", "t2"), tmp_path / "series")
    (fault,) = twice_faults(TrainingCase("x", "x", tmp_path, sequences=both))
    assert "one image as T1 and as T2" in fault.what
    (tmp_path / "other").mkdir()
    two = {"t1": tmp_path / "series", "t2": tmp_path / "other"}
    assert twice_faults(TrainingCase("x", "x", tmp_path, sequences=two)) == []
    for case in find_training_cases([as_msd(tmp_path / "msd", {"a": tiny(1)})]):
        assert len(set(case.sequences.values())) == 1
        assert twice_faults(case) == []
