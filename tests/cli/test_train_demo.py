"""``make train-demo``: its recipe and its command, as a new user runs them, for a few steps."""

import re
import shlex
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from napari_acs.cli import app
from napari_acs.models import load_bundle
from napari_acs.training import judge

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "train_demo"


def _command(folder):
    """Return the arguments of the script's ``napari-acs train``."""
    text = SCRIPT.read_text(encoding="utf-8").replace("\\\n", " ")
    line = re.search(r"^ +\$bin/napari-acs (train .+)$", text, re.MULTILINE)[1]
    return [
        word.replace("$weights", f"{folder}/mobilenet_v2.safetensors").replace("$folder", folder)
        for word in shlex.split(line)
    ]


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_the_make_target_runs_the_script():
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", "train-demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "scripts/train_demo"
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)


def test_the_scripts_command_makes_a_bundle_with_its_dice(tmp_path, monkeypatch):
    pytest.importorskip("nilearn", reason="the phantoms' template comes with nilearn")
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    trunk = torchvision.models.mobilenet_v2(weights=None).features.state_dict()
    save_file(trunk, tmp_path / "mobilenet_v2.safetensors")
    monkeypatch.setattr(judge, "judge", partial(judge.judge, phantoms=1))
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal: with the bar
    arguments = _command(str(tmp_path))
    assert arguments[1] == "train-demo"
    fewer = ["--steps", "2", "--set", "validation_phantoms=1", "--set", "validate_every=1"]
    done = CliRunner().invoke(app, [*arguments, *fewer])
    assert done.exit_code == 0, done.output
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.spec.id == "train-demo"
    assert bundle.spec.training["encoder_weights"] == "mobilenet_v2.safetensors"
    assert 0 <= bundle.spec.metrics["mean_phantoms"]["WT"]["dice"] <= 1
    assert "Fresh phantoms" in (tmp_path / "bundle" / "card.md").read_text(encoding="utf-8")
    assert [p.name for p in sorted((tmp_path / "run" / "pictures").iterdir())] == [
        "step-000001",
        "step-000002",
    ]
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", done.output)
    assert "━" in said, "no bar"
    assert re.search(r"train-demo: loss \d\.\d+, Dice WT \d\.\d+, TC \d\.\d+, ET \d\.\d+", said)
