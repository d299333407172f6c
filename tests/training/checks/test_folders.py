"""Masks that judge are held to what real tumours may look like, and those to learn from to more."""

import pytest
import SimpleITK as sitk
from training.tiny import BRATS, ED, ET, NCR, write_case

from napari_acs.errors import BadInput
from napari_acs.training.checks.folders import refuse_for_judging, refuse_for_learning

ONE_VALUE, NOT_ENHANCING, EMPTY = {NCR: 1, ED: 1, ET: 1}, {NCR: 1, ED: 2}, {}


def _folders(root, *schemes):
    return [write_case(root / f"case{n}", n, scheme) for n, scheme in enumerate(schemes)]


@pytest.mark.parametrize(
    ("schemes", "said"),
    [
        ([BRATS, NOT_ENHANCING, EMPTY], []),
        ([EMPTY, EMPTY], []),
        ([ONE_VALUE, EMPTY], ["only 0 and 1 in 2 masks"]),
        ([NOT_ENHANCING, NOT_ENHANCING], ["mark no enhancing tumour"]),
    ],
)
def test_what_real_tumours_may_look_like_may_judge_and_is_said(schemes, said, tmp_path):
    cautions = refuse_for_judging(_folders(tmp_path, *schemes))
    assert len(cautions) == len(said)
    for caution, words in zip(cautions, said, strict=True):
        assert words in caution
        assert "only WT is judged rightly" in caution


def test_several_masks_of_one_value_may_not_judge_and_folders_of_one_name_stay_apart(tmp_path):
    good = _folders(tmp_path / "good", BRATS, BRATS)
    spoilt = _folders(tmp_path / "spoilt", ONE_VALUE, ONE_VALUE)
    with pytest.raises(BadInput, match=r"masks of .*spoilt do not tell .*only 0 and 1 in 2 masks"):
        refuse_for_judging([*good, *spoilt])


def test_each_group_to_learn_from_marks_something(tmp_path):
    good, empty = _folders(tmp_path / "a", BRATS), _folders(tmp_path / "b", EMPTY, EMPTY)
    refuse_for_learning([*good, *empty], [])
    with pytest.raises(BadInput, match=r"No mask marks any tumour, of 2: .*b/case0, .*b/case1"):
        refuse_for_learning(good, empty)
    with pytest.raises(BadInput, match="mark no enhancing tumour"):
        refuse_for_learning(_folders(tmp_path / "c", NOT_ENHANCING))


def test_what_would_end_the_work_midway_is_refused_before_it_all_at_once(tmp_path):
    """The last of a hundred cases ended an evaluation, and the figures of the others were lost."""
    _, moved, masks_only, damaged = _folders(tmp_path, *[BRATS] * 4)
    (mask,) = moved.glob("*seg*")
    image = sitk.ReadImage(str(mask))
    image.SetOrigin((7.0, 0.0, 0.0))
    sitk.WriteImage(image, str(mask))
    for file in masks_only.iterdir():
        if "seg" not in file.name:
            file.unlink()
    next(file for file in damaged.iterdir() if "t2" in file.name).write_bytes(b"no image")
    with pytest.raises(BadInput) as refusal:
        refuse_for_judging(sorted(tmp_path.iterdir()))
    said = refusal.value.sentence()
    for words in ("case1", "not on the grid of its images", "case2 holds no MRI sequence", "case3"):
        assert words in said
    assert "case0" not in said
