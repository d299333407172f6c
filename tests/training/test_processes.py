"""How processes are started: as the documentation says, and in the recipe's precision."""

import re
import shlex
from pathlib import Path

import pytest
from torch.distributed.run import get_args_parser
from training.toy import Toy, toy_network, toy_plan
from typer.testing import CliRunner

from napari_acs.cli import app
from napari_acs.training.loop import train
from napari_acs.training.processes import start_processes

GUIDE = Path(__file__).parents[2] / "docs" / "training.md"


def test_torchrun_takes_the_command_of_the_guide():
    text = GUIDE.read_text(encoding="utf-8").replace("\\\n", " ")
    command = re.search(r"^ +torchrun (.+)$", text, re.MULTILINE)[1]
    asked = get_args_parser().parse_args(shlex.split(command))
    assert asked.module
    assert asked.training_script == "napari_acs"
    assert asked.training_script_args[:2] == ["train", "RECIPE"]
    assert asked.training_script_args[-4:] == ["--run", "RUN", "--out", "BUNDLE"]


def test_the_precision_of_a_recipe_is_that_of_the_processes(tmp_path):
    for asked, meant in (("fp32", "32-true"), ("bf16", "bf16-mixed")):
        assert start_processes("cpu", precision=asked).strategy.precision.precision == meant
    plans = {asked: toy_plan(precision=asked, steps=1) for asked in ("fp32", "bf16")}
    losses = {
        asked: next(train(plan, Toy(), toy_network(), tmp_path / asked)).loss
        for asked, plan in plans.items()
    }
    assert losses["fp32"] != losses["bf16"] == pytest.approx(losses["fp32"], rel=0.05)


def test_the_command_line_hands_the_precision_on(tmp_path):
    arguments = ["train", "train-demo", "--set", "precision=fp16", "--device", "cpu"]
    arguments += ["--run", str(tmp_path / "run"), "--out", str(tmp_path / "b")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "fp16 is not for the CPU" in result.output
