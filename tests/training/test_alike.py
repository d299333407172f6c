"""One head under two names is found; two heads are not taken for one."""

from dataclasses import replace

import pytest
import torch
from conftest import SHARED_DATA, needs_shared_data
from training.tiny import write_case

from napari_acs.errors import BadInput
from napari_acs.training.alike import alike, refuse_leaks
from napari_acs.training.cases import load_cases
from napari_acs.training.folds import k_folds, subjects_of
from napari_acs.training.layouts import find_training_cases
from napari_acs.training.prepare import prepare_cases

SEQUENCES = ("t1", "t1ce", "t2", "flair")


@pytest.fixture
def cases(tmp_path):
    for seed in range(4):
        write_case(tmp_path / "data" / f"case{seed}", seed, leave_out=("t2",) if seed == 3 else ())
    found = find_training_cases([tmp_path / "data"])
    list(prepare_cases(found, tmp_path / "cache", SEQUENCES, 2.0))
    return load_cases(tmp_path / "cache", 2.0)


def _copy(case, name):
    """The same head as another release has it: cropped, noisy, with another contrast."""
    images = case.images.float()
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    images = (images.sign() * images.abs() ** 1.1 + 0.1 * noise) * (images != 0)
    return replace(case, name=name, patient=name, images=images[:, :, :-1].half())


def test_a_copy_is_found_and_other_heads_are_not(cases):
    assert alike(cases) == []
    assert alike([]) == []
    (pair,) = alike([*cases, _copy(cases[1], "copy")])
    assert (pair.first, pair.second) == ("case1", "copy")
    without = cases[1].images.clone()
    without[0] = 0  # a sequence that one of them lacks says nothing
    (pair,) = alike([cases[1], replace(_copy(cases[1], "copy"), images=without)])
    assert pair.correlation == pytest.approx(1, abs=1e-3)


def test_a_copy_across_a_split_is_refused_and_folds_keep_it_on_one_side(cases):
    every = [*cases, _copy(cases[1], "copy")]
    refuse_leaks(every, ("case0",))
    with pytest.raises(BadInput, match=r"validation case case1 is trained on as copy.*correlate"):
        refuse_leaks(every, ("case1",))
    with pytest.raises(BadInput, match=r"copy is trained on as case1"):
        refuse_leaks(every, ("copy",))
    for judge, others in (("p", "p"), ("p", "P"), ("P", "p")):
        one = [replace(case, patient=others) for case in cases]
        one[0] = replace(cases[0], patient=judge)
        with pytest.raises(BadInput, match=rf"3 faults|case0 is trained on.*the patient {judge}"):
            refuse_leaks(one, ("case0",))
    for split in k_folds(subjects_of(every), 4, 0, alike(every)):
        assert ("case1" in split.validation) == ("copy" in split.validation)


def test_a_split_knows_volume_and_enhancement_of_prepared_cases(cases):
    first = subjects_of(cases)[0]
    assert first.patient == "case0"
    assert first.enhances
    assert first.tumour_ml == int((cases[0].labels > 0).sum()) * 0.008


@needs_shared_data
def test_a_real_case_is_known_again_from_its_8_bit_copy(tmp_path):
    names = ("BraTS2021_01479", "BraTS2021_01485")
    (tmp_path / "data").mkdir()
    for name in names:
        (tmp_path / "data" / name).symlink_to(SHARED_DATA / "brats2021" / name)
    found = find_training_cases([tmp_path / "data"])
    one = [replace(case, sequences={"t1ce": case.sequences["t1ce"]}) for case in found]
    list(prepare_cases(one, tmp_path / "cache", ("t1ce",), 4.0))
    first, second = load_cases(tmp_path / "cache", 4.0)
    assert alike([first, second], 0.8) == []
    low, high = first.images.min(), first.images.max()
    bits = ((first.images - low) / (high - low) * 255).round() / 255 * (high - low) + low
    copy = replace(first, name="copy", images=bits * (first.images != 0))
    assert [(p.first, p.second) for p in alike([first, second, copy])] == [(names[0], "copy")]
