"""Training moves, on a prepared cache, to a machine with torch and small pure wheels alone."""

import subprocess
import sys

import numpy as np
import pytest
from training.conftest import blob

from napari_acs.models import load_bundle
from napari_acs.models.unet import ACSUNet

ABSENT = (
    *("SimpleITK", "napari", "nilearn", "scipy", "skimage", "nibabel", "pydicom", "highdicom"),
    *("qtpy", "superqt", "magicgui", "pooch", "typer", "rich", "tensorboard", "tensorboardX"),
)

CODE = f"""
import sys
sys.modules.update(dict.fromkeys({ABSENT!r}))
from pathlib import Path
from napari_acs.training.kinds import read_plan, run_kind
from napari_acs.training.order import Company, Order
from napari_acs.training.processes import start_processes
place = Path(sys.argv[1])
plan = read_plan(place / "recipe.yaml", {{"steps": 2}})
order = Order((), place / "cache", place / "run", place / "bundle", None, True, "none")
fabric = start_processes("cpu")
follow = lambda steps: list(steps)[-1].finished
assert run_kind(plan, order, Company(fabric, lambda: False, follow, lambda *_: None))
assert not [name for name in {ABSENT!r} if sys.modules.get(name)]
"""

COMMAND = f"""
import sys
absent = [name for name in {ABSENT!r} if name not in ("typer", "rich")]
sys.modules.update(dict.fromkeys(absent))
from pathlib import Path
from napari_acs.cli import app
place = Path(sys.argv[1])
told = ["recipe.yaml", "--cache", "cache", "--run", "run", "--out", "bundle"]
told = [str(place / each) if each[0] != "-" else each for each in told]
app(["train", *told, "--from-scratch", "--steps", "1", "--device", "cpu"])
"""

RECIPE = """
id: tiny
title: Tiny
architecture: {encoder: squeezenet1_1, decoder_channels: [8, 8, 8, 8], stem_channels: 8}
train_patch: [16, 16, 16]
decay_steps: 0
batch: 1
phantom_share: 0
validation: [blob0]
"""


@pytest.fixture
def place(tmp_path):
    """A recipe and a prepared cache of two cases."""
    (tmp_path / "cache").mkdir()
    for seed in range(2):
        case = blob(seed, (20, 20, 20))
        arrays = {"images": case.images.numpy(), "labels": case.labels.numpy()}
        np.savez(tmp_path / "cache" / f"blob{seed}.npz", **arrays, spacing_mm=np.float32(2))
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return tmp_path


def _trained(place, code):
    command = [sys.executable, "-c", code, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return load_bundle(place / "bundle")


def test_a_prepared_cache_is_trained_on_without_what_only_preparing_needs(place):
    bundle = _trained(place, CODE)
    assert isinstance(bundle.network(), ACSUNet)
    assert bundle.spec.training["steps"] == 2
    assert bundle.spec.training["cases"] == ["blob1"]
    assert (place / "run" / "pictures" / "step-000002" / "blob0.png").is_file()


def test_the_command_needs_no_more(place):
    assert _trained(place, COMMAND).spec.training["steps"] == 1
