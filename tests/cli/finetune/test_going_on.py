"""A fine-tune that was stopped, or whose folder is in use or of other data."""

import os
import shutil
import signal

import pytest
import torch
from cli.finetune.hands import (
    SEQUENCES,
    finetune,
    write_case,
)
from safetensors.torch import load_file

from napari_acs.training.alone import LOCK, alone_in
from napari_acs.training.finetune import job


@pytest.mark.usefixtures("one_torch_thread")
def test_a_run_that_was_killed_and_stopped_goes_on_as_if_nothing_was(place, monkeypatch):
    assert finetune(place, place / "parent", "whole", "--steps", 6)[0] == 0
    steps = job.train

    def killed(*args, **kwargs):
        for step in steps(*args, **kwargs):
            yield step
            if step.step == 2:
                raise RuntimeError("as a kill would, in the middle")

    def interrupted(*args, **kwargs):
        for step in steps(*args, **kwargs):
            if step.step == 3:
                os.kill(os.getpid(), signal.SIGINT)
            yield step

    for train, ends in ((killed, 1), (interrupted, 3), (steps, 0)):
        monkeypatch.setattr(job, "train", train)
        code, said = finetune(place, place / "parent", "parts", "--steps", 6)
        assert code == ends, said
        assert (place / "parts").exists() is (ends == 0)
        assert ("goes on with the run" in said) is (ends == 3)
    whole, parts = (load_file(place / n / "weights.safetensors") for n in ("whole", "parts"))
    for name, tensor in whole.items():
        torch.testing.assert_close(tensor, parts[name], rtol=1e-5, atol=1e-6, msg=name)


def test_other_data_in_the_folder_of_a_run_is_refused(place):
    assert finetune(place, place / "parent", "first", "--steps", 2)[0] == 0
    run = ("--run", place / "run-first")
    code, said = finetune(place, place / "parent", "second", "--steps", 2, *run, data="wrong")
    assert code == 2
    assert "another fine-tune" in said
    assert "masks" in said
    assert not (place / "second").exists()


def test_one_run_is_one_command_at_a_time(place):
    run = place / "run-locked"
    with alone_in(run):
        code, said = finetune(place, place / "parent", "locked", "--steps", 2, "--run", run)
    assert code == 2, said
    assert "Another training is at work in" in said
    assert str(run) in said
    assert {file.name for file in run.iterdir()} <= {LOCK}, "nothing of the other's is touched"
    assert not (place / "locked").exists()


def _like(folder, other):
    """Give a case the images of another one; its mask stays."""
    for name in SEQUENCES:
        shutil.copy(other / f"{other.name}_{name}.nii.gz", folder / f"{folder.name}_{name}.nii.gz")


@pytest.mark.parametrize("changed", ["case0", "case3"])
def test_a_changed_image_in_the_folder_of_a_run_is_refused(place, tmp_path, changed):
    shutil.copytree(place / "data", tmp_path / "data")
    options = ("--steps", 2, "--validation", "case3")
    assert finetune(tmp_path, place / "parent", "new", *options)[0] == 0
    shutil.rmtree(tmp_path / "new")
    write_case(tmp_path / "case9", 9)
    _like(tmp_path / "data" / changed, tmp_path / "case9")
    code, said = finetune(tmp_path, place / "parent", "new", *options)
    assert code == 2, said
    assert f"found other images ({changed})" in said


def test_data_that_were_refused_and_mended_make_the_run_and_no_cached_array_of_them_stays(
    place, tmp_path
):
    shutil.copytree(place / "data", tmp_path / "data")
    _like(tmp_path / "data" / "case3", tmp_path / "data" / "case0")
    options = ("--steps", 2, "--validation", "case3")
    code, said = finetune(tmp_path, place / "parent", "new", *options)
    assert code == 2
    assert "case3 is trained on as case0" in said
    _like(tmp_path / "data" / "case3", place / "data" / "case3")
    code, said = finetune(tmp_path, place / "parent", "new", *options)
    assert code == 0, said
