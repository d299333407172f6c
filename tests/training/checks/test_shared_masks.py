"""One mask for two patients is refused; for two images of one patient it is not."""

from __future__ import annotations

import pytest
from training.tiny import as_csv, tiny, write_case

from napari_acs.errors import BadInput
from napari_acs.training.layouts import find_training_cases
from napari_acs.training.preflight import preflight


class Plan:
    task, sequences, exclude = "segmentation", ("t1", "t1ce", "t2", "flair"), ()


def _look(root):
    preflight(Plan(), find_training_cases([root]), ())


@pytest.fixture
def table(tmp_path):
    return as_csv(tmp_path, {"a": tiny(1), "b": tiny(2), "c": tiny(3)})


def test_a_row_with_the_mask_of_another_patient_is_refused(table):
    _look(table)
    table.write_text(table.read_text().replace("files/a/a_seg", "files/b/b_seg"))
    with pytest.raises(BadInput, match=r"cases a and b have one mask: found .*b_seg.* and .*b_seg"):
        _look(table)
    table.write_text(table.read_text().replace(",p1,", ",P-0,").replace(",p0,", ",p-00,"))
    _look(table)


def test_masks_that_mark_nothing_are_no_fault(tmp_path):
    for number in range(3):
        write_case(tmp_path / f"case{number}", number, *([{}] if number else []))
    _look(tmp_path)
