"""One process at a time in a run's folder; what killed ones left is swept."""

import subprocess
import sys

import pytest

from napari_acs.errors import BadInput
from napari_acs.training.alone import alone_in

HOLD = """
import sys, time
from pathlib import Path
from napari_acs.training.alone import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_and_a_dead_one_holds_nothing(tmp_path):
    run = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BadInput, match="Another training is at work"), alone_in(run):
            pass
        other.kill()
        other.wait()
    with alone_in(run):
        pass


def test_what_was_never_finished_goes_and_nothing_else(tmp_path):
    run, out = tmp_path / "run", tmp_path / "model"
    left = [
        run / ".draft-abc_1234" / "model.json",
        run / "..checkpoint.pt.new-abcd1234",
        tmp_path / ".model-abcd1234" / "weights.safetensors",
    ]
    kept = [
        run / "checkpoint.pt",
        run / ".checkpoint.pt.new",
        run / "draft" / "model.json",
        tmp_path / ".model-accurate" / "my-own.txt",
        tmp_path / ".other-abcd1234" / "model.json",
    ]
    for file in (*left, *kept):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    with alone_in(run, out):
        assert not any(file.exists() for file in left)
        assert not (tmp_path / ".model-abcd1234").exists()
        assert all(file.exists() for file in kept)
