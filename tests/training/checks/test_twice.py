"""One image under the names of two sequences is a slip, and is refused before training."""

import pytest
from training.tiny import write_case

from napari_acs.errors import BadInput
from napari_acs.training.checks.folders import refuse_for_learning
from napari_acs.training.checks.twice import twice_faults
from napari_acs.training.layouts import find_training_cases
from napari_acs.training.preflight import preflight


class Plan:
    task, sequences, exclude = "segmentation", ("t1", "t1ce", "t2", "flair"), ()


def test_a_copied_image_and_a_table_that_names_one_file_twice_are_refused(tmp_path):
    for number in range(2):
        write_case(tmp_path / "data" / f"case{number}", number)
    folder = tmp_path / "data" / "case1"
    preflight(Plan(), find_training_cases([tmp_path / "data"]), ())
    (folder / "case1_t1ce.nii.gz").write_bytes((folder / "case1_t1.nii.gz").read_bytes())
    said = r"case1 has one image as T1 and as T1ce: found the same content in case1_t1.nii.gz"
    with pytest.raises(BadInput, match=said):
        preflight(Plan(), find_training_cases([tmp_path / "data"]), ())
    with pytest.raises(BadInput, match="has one image as T1 and as T1ce"):
        refuse_for_learning([folder, tmp_path / "data" / "case0"])
    table = tmp_path / "cases.csv"
    file = "data/case0/case0_t2.nii.gz"
    table.write_text(f"case,t2,flair\nx,{file},{file}\n")
    (case,) = find_training_cases([table])
    assert [fault.what for fault in twice_faults(case)] == [
        "The case x has one image as T2 and as FLAIR"
    ]
