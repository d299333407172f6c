"""A package that is not installed is named with the command that brings it; no fault of ours."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from packaging.requirements import Requirement

from napari_acs.cli.absent import BROUGHT_BY, refusal_of
from napari_acs.cli.outcome import exits

HIDDEN = """
import sys
hidden = sys.argv[1].split(",")
sys.argv = ["napari-acs", *sys.argv[2:]]
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hide())
from napari_acs.cli import main
main()
"""
DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def without(hidden: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a Python that does not find some packages."""
    command = [sys.executable, "-c", HIDDEN, hidden, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    "words",
    [
        ("train", "train-demo", "--data", ".", "--out", "b"),
        ("finetune", "glioma-unet-acs-mobilenetv2", "--data", ".", "--out", "b"),
    ],
)
def test_training_without_its_extra_says_how_to_get_it(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = without("filelock,lightning_fabric,monai,nilearn,sklearn", *words)
    assert done.returncode == 2, done.stderr
    assert 'python -m pip install "napari-acs[train]"' in done.stderr
    assert "at fault" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_what_every_installation_needs_is_named_too():
    absent = ModuleNotFoundError("No module named 'torch'", name="torch.nn")
    assert refusal_of(absent).sentence() == (
        "This needs the Python package torch, which is not installed. "
        'Install what is missing with: python -m pip install "napari-acs".'
    )


@pytest.mark.parametrize("name", [None, "napari_acs.nothing", "lzma"])
def test_a_module_of_ours_or_of_pythons_is_our_fault(name, capsys):
    @exits
    def command() -> None:
        raise ModuleNotFoundError("gone", name=name)

    with pytest.raises(typer.Exit) as end:
        command()
    assert end.value.exit_code == 1
    assert "napari-acs is at fault" in capsys.readouterr().err


def test_the_table_is_what_the_extras_bring():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    brought = {extra: {Requirement(line).name for line in extras[extra]} for extra in extras}
    for module, extra in BROUGHT_BY.items():
        assert DISTRIBUTIONS.get(module, module.replace("_", "-")) in brought[extra]


def test_info_tells_of_a_torch_that_does_not_load():
    done = without("torch", "info", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["devices"] == []
    assert told["torch_fault"] == "ModuleNotFoundError: No module named 'torch'"
    assert told["models"]
    assert "none, PyTorch does not load" in without("torch", "info").stdout
