"""Which cases of a data set can judge or be learned from: those with a mask."""

import numpy as np
import pytest
from training.tiny import as_brats, as_csv, as_msd, as_nnunet, tiny, write

from napari_acs.errors import BadInput
from napari_acs.training.layouts import find_training_cases
from napari_acs.training.layouts.labelled import find_labelled
from napari_acs.training.layouts.read import read_case

CASES = {"a": tiny(1), "b": tiny(2)}


def _names(root, wanted=()):
    return sorted(case.name for case in find_labelled([root], wanted))


def test_cases_without_a_mask_are_passed_over_but_found_by_their_name(tmp_path):
    nnunet = as_nnunet(tmp_path / "nnunet", CASES)
    (nnunet / "labelsTr" / "b.nii.gz").unlink()
    brats = as_brats(tmp_path / "brats", CASES)
    (brats / "b" / "b_seg.nii.gz").unlink()
    for root in (nnunet, brats):
        assert _names(root) == ["a"]
        assert _names(root, ["b"]) == ["b"], "what is wrong with it is said then"


@pytest.mark.parametrize("write", [as_nnunet, as_msd, as_csv])
def test_each_layout_gives_its_own_kind_of_case(write, tmp_path):
    found = find_labelled([write(tmp_path / "data", CASES)])
    assert [case.case.mask.is_file() for case in found] == [True, True]


@pytest.mark.parametrize("lay_out", [as_nnunet, as_brats])
def test_a_mask_in_the_air_is_refused_when_its_case_is_read(lay_out, tmp_path):
    root = lay_out(tmp_path, CASES)
    mask = next(
        path for path in root.rglob("*.nii.gz") if path.name in ("b.nii.gz", "b_seg.nii.gz")
    )
    values = np.zeros(CASES["b"].labels.shape, np.uint8)
    values[:3, :3, :3] = 2
    values[:2, :2, :2] = 1
    values[0, 0, 0] = 4 if lay_out is as_brats else 3
    write(mask, values)
    good, bad = find_training_cases([root])
    read_case(good)
    with pytest.raises(BadInput, match=rf"{mask.name} does not lie in the head"):
        read_case(bad)


def test_graded_folders_and_a_table_by_its_path(tmp_path):
    for grade, name in (("HGG", "a"), ("LGG", "b")):
        as_brats(tmp_path / "graded" / grade, {name: CASES[name]})
    as_brats(tmp_path / "graded" / "notes", {"c": CASES["a"]})
    assert _names(tmp_path / "graded") == ["a", "b"]
    table = as_csv(tmp_path / "csv", CASES)
    table = table if table.is_file() else next(table.rglob("*.csv"))
    assert len(find_labelled([table])) == 2
