"""Cases that lie in the folders of a data set and not in its ``dataset.json`` are named."""

import json
import shutil

import pytest
from training.tiny import WRITERS, as_brats, as_msd, as_nnunet, tiny

from napari_acs.training.layouts import find_training_cases
from napari_acs.training.layouts.unlisted import unlisted

CASES = {name: tiny(seed) for seed, name in enumerate(("case_a", "case_b", "case_c"))}


@pytest.mark.parametrize("layout", WRITERS)
def test_where_every_case_is_listed_nothing_is_said(layout, tmp_path):
    root = WRITERS[layout](tmp_path / "data", CASES)
    assert unlisted([root]) == unlisted([root], layout.split()[0]) == ()


def _edit(root, change):
    file = root / "dataset.json"
    said = json.loads(file.read_text())
    change(said)
    file.write_text(json.dumps(said))


def test_a_case_that_msd_does_not_list_is_named(tmp_path):
    root = as_msd(tmp_path, CASES)
    _edit(root, lambda said: said["training"].pop(1))
    (root / "imagesTr" / "._case_a.nii.gz").write_bytes(b"a Mac's")
    assert {case.name for case in find_training_cases([root])} == {"case_a", "case_c"}
    (said,) = unlisted([root])
    assert "leaves out 1 case of imagesTr and labelsTr: case_b (not listed under training)" in said
    _edit(root, lambda said: said.update(labels={"tumor": 1}))
    assert unlisted([root]) == (), "its reader refuses it"


def test_a_case_that_nnunet_does_not_list_is_named(tmp_path):
    root = as_nnunet(tmp_path, CASES)
    for place in ("imagesTr", "labelsTr"):
        for file in (root / place).glob("case_a*"):
            shutil.copy(file, file.with_name(file.name.replace("case_a", "late")))
    assert unlisted([root]) == (), "all files are taken where none are listed"
    entry = {
        name: {
            "images": [f"imagesTr/{name}_{channel:04d}.nii.gz" for channel in range(4)],
            "label": f"labelsTr/{name}.nii.gz",
        }
        for name in CASES
    }
    _edit(root, lambda said: said.update(dataset=entry))
    (said,) = unlisted([root])
    assert "leaves out 1 case of imagesTr and labelsTr: late (not listed under dataset" in said


def test_files_of_another_ending_are_named(tmp_path):
    root = as_nnunet(tmp_path, CASES)
    for number in range(12):
        shutil.copy(root / "labelsTr" / "case_a.nii.gz", root / "labelsTr" / f"z{number:02d}.nrrd")
    (said,) = unlisted([root])
    assert "leaves out 12 cases" in said
    assert "z08, z09 and 2 more" in said
    assert unlisted([as_brats(tmp_path / "brats", CASES)]) == ()
