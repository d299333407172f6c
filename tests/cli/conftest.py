"""A study on disk, a small real bundle, and the command line in this process."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from typer.testing import CliRunner

from napari_acs.cli import app
from napari_acs.models import save_bundle
from napari_acs.models.networks import build_network, nested_probabilities
from napari_acs.models.spec import GLIOMA_OUTPUT, BundleSpec

SHAPE = (30, 36, 40)
SEQUENCES = ("t1", "t1ce", "t2", "flair")


def write_image(path: Path, array: np.ndarray) -> Path:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((1.1, 0.9, 1.5)[: image.GetDimension()])
    if image.GetDimension() == 3:
        image.SetOrigin((-30.0, 12.5, 7.25))
        image.SetDirection((-1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0))
    sitk.WriteImage(image, str(path))
    return path


def brain(seed: int) -> np.ndarray:
    z, y, x = np.indices(SHAPE)
    inside = sum(((i - n / 2) / (n / 2 - 3)) ** 2 for i, n in zip((z, y, x), SHAPE)) < 1  # noqa: B905
    noise = np.random.default_rng(seed).normal(300, 60, SHAPE)
    return np.where(inside, noise.clip(1), 0).astype(np.int16)


@pytest.fixture
def study_dir(tmp_path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    for seed, name in enumerate(SEQUENCES):
        write_image(folder / f"case_{name}.nii.gz", brain(seed))
    return folder


@pytest.fixture(scope="session")
def bundle_dir(tmp_path_factory) -> Path:
    """A real network with random weights; its thresholds let it find every label."""
    torch.manual_seed(1)
    fields = {
        "id": "random",
        "version": "1",
        "title": "Random weights",
        "task": "segmentation",
        "architecture": {
            "name": "acs-unet",
            "arguments": {"decoder_channels": (8, 8, 8, 8, 8), "stem_channels": 4},
        },
        "input": {
            "channels": [{"name": name} for name in SEQUENCES],
            "spacing_mm": (1.5, 1.5, 1.5),
            "patch": (12, 32, 32),
        },
        "output": GLIOMA_OUTPUT.model_dump(),
        "licence": "none",
    }
    weights = {"sha256": "0" * 64, "size_bytes": 1}
    network = build_network(BundleSpec.model_validate({**fields, "weights": weights})).eval()
    with torch.inference_mode():
        noise = torch.randn((1, len(SEQUENCES), 32, 32, 32))
        inside = torch.ones(32**3, dtype=torch.bool)
        regions = nested_probabilities(network(noise))[0].flatten(1)
        for region, p in zip(fields["output"]["regions"], regions, strict=True):
            region["threshold"] = float(p[inside].median())
            inside &= p >= region["threshold"]
    folder = tmp_path_factory.mktemp("models") / "random"
    save_bundle(folder, fields, network, card="# Random weights\n")
    return folder


@pytest.fixture
def call():
    """Call ``napari-acs`` with arguments; the result has exit_code, stdout and stderr."""

    def invoke(*args: object):
        return CliRunner().invoke(app, [str(arg) for arg in args])

    return invoke


@pytest.fixture
def try_segment(call, study_dir, bundle_dir, tmp_path):
    """Call ``segment`` with usual arguments (later ones count): the result, and the mask."""
    mask = tmp_path / "m.nii.gz"

    def attempt(*more: object):
        args = ("segment", study_dir, "--model", bundle_dir, "--out", mask, *more)
        return call(*args), mask

    return attempt


class Bomb:
    """A pickle that makes a file when it is loaded by ``pickle.load``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def bomb(tmp_path):
    """Return (bytes of a pickle bomb, the folder that it makes when it fires)."""
    fired = tmp_path / "fired"
    return pickle.dumps(Bomb(fired)), fired
