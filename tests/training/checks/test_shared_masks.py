"""One mask for two patients is refused; for two images of one patient it is not."""

from __future__ import annotations

import pytest
from training.tiny import as_csv, tiny, write

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
    with pytest.raises(BadInput, match=r"cases a and b have one mask: found .*b_seg"):
        _look(table)
    table.write_text(table.read_text().replace(",p1,", ",P-0,").replace(",p0,", ",p-00,"))
    _look(table)


def test_a_mask_that_marks_nothing_may_be_shared(table):
    rows = table.read_text()
    empty = write(table.parent / "empty.nii.gz", 0 * tiny(1).labels)
    for name in "ab":
        rows = rows.replace(f"files/{name}/{name}_seg.nii.gz", empty.name)
    table.write_text(rows)
    _look(table)
