"""``napari-acs train --devices 2``: what one process finds, one sentence says."""

import contextlib
import os
import subprocess
import sys
import types

import pytest
import typer

from napari_acs.cli.train import _run
from napari_acs.cli.train_company import in_company
from napari_acs.errors import BadInput
from napari_acs.training import kinds, processes
from napari_acs.training.agreement import RefusedElsewhere

LOST = "[pair.cc:561] Connection closed by peer [127.0.0.1]:14559"


def test_two_processes_refuse_in_one_sentence(tmp_path):
    """The main process alone looks at the data; the other one must not call that a fault."""
    (tmp_path / "data" / "empty").mkdir(parents=True)
    command = [sys.executable, "-m", "napari_acs", "train", "glioma-unet-acs-mobilenetv2"]
    command += ["--data", tmp_path / "data", "--run", tmp_path / "run", "--out", tmp_path / "out"]
    command += ["--from-scratch", "--devices", "2", "--device", "cpu", "--set", "shares=2"]
    done = subprocess.run(
        [*map(str, command)],
        check=False,
        timeout=180,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    said = " ".join(done.stderr.split())
    assert done.returncode == 2, said
    assert said.count("no data set that can be trained on") == 1
    assert "fault" not in said
    assert "Connection" not in said


def _company(rank):
    return types.SimpleNamespace(world_size=2, global_rank=rank, is_global_zero=rank == 0)


@pytest.mark.parametrize(("rank", "code"), [(0, 2), (1, 0)])
def test_a_refusal_of_another_process_ends_without_a_word(rank, code, tmp_path, capsys):
    with pytest.raises(typer.Exit) as ended, in_company(_company(rank), tmp_path):
        raise RefusedElsewhere
    assert ended.value.exit_code == code
    assert capsys.readouterr().err == ""


def test_a_stop_is_said_by_the_main_process_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(processes, "start_processes", lambda *_: _company(1))
    monkeypatch.setattr(kinds, "run_kind", lambda *_: False)
    order = types.SimpleNamespace(run=tmp_path)
    plan = types.SimpleNamespace(precision="fp32")
    with pytest.raises(typer.Exit) as ended:
        _run(plan, order, "cpu", 2, None)
    assert ended.value.exit_code == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("rank", "said"), [(0, 1), (1, 0)])
def test_the_fold_is_said_by_the_main_process_alone(rank, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(processes, "start_processes", lambda *_: _company(rank))
    monkeypatch.setattr(kinds, "run_kind", lambda *_: False)
    order = types.SimpleNamespace(run=tmp_path, data=(), layout="auto")
    plan = types.SimpleNamespace(precision="fp32", id="x")
    with contextlib.suppress(typer.Exit):
        _run(plan, order, "cpu", 2, None, ("fold 1 of 2: validation on a",))
    assert capsys.readouterr().err.count("fold 1 of 2") == said


def test_a_process_that_was_killed_is_no_fault_of_the_others(tmp_path):
    with (
        pytest.raises(BadInput, match="has ended before its time"),
        in_company(_company(0), tmp_path),
    ):
        raise RuntimeError(LOST)
    with pytest.raises(typer.Exit), in_company(_company(1), tmp_path):
        raise RuntimeError(LOST)
    alone = types.SimpleNamespace(world_size=1, global_rank=0, is_global_zero=True)
    with pytest.raises(RuntimeError, match="closed by peer"), in_company(alone, tmp_path):
        raise RuntimeError(LOST)  # nobody else is there to be lost
    with pytest.raises(RuntimeError, match="shapes"), in_company(_company(1), tmp_path):
        raise RuntimeError("shapes do not fit")
