"""A study whose tumour is known, and a network that finds it by brightness alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from torch import nn

from napari_acs.imaging import Grid, Study, Volume
from napari_acs.models.networks import nested_probabilities
from napari_acs.models.spec import GLIOMA_OUTPUT, BundleSpec

CHANNELS = ("flair", "t1ce", "t2", "t1")
GRID = Grid(
    size=(44, 36, 30),
    spacing=(1.0, 1.0, 1.0),
    origin=(11.0, -7.0, 3.0),
    direction=(-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0),
)


def spec(**changes) -> BundleSpec:
    fields = {
        "id": "known",
        "version": "1",
        "title": "Bright voxels",
        "task": "segmentation",
        "architecture": {"name": "acs-unet"},
        "input": {
            "channels": [{"name": name} for name in CHANNELS],
            "spacing_mm": (1.0, 1.0, 1.0),
            "patch": (16, 16, 16),
        },
        "output": GLIOMA_OUTPUT.model_dump(),
        "weights": {"sha256": "0" * 64, "size_bytes": 1},
        "licence": "none",
    }
    return BundleSpec.model_validate(fields | changes)


class Bright(nn.Module):
    """Region r is where channel r is bright; counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.fault: Exception | None = None

    def __deepcopy__(self, memo):
        return self  # the engine works on a copy, and the tests count the calls of this one

    def forward(self, x):
        self.calls += 1
        if self.fault is not None and self.calls == 3:
            raise self.fault
        return 30 * (x[:, :3] - 1.5)


@dataclass
class KnownBundle:
    """What a job asks of a ``Bundle``, without a file."""

    spec: BundleSpec = field(default_factory=spec)
    sha256: str = "0" * 64
    members: tuple[int, ...] = ()
    net: Bright = field(default_factory=Bright)

    def network(self):
        return self.net

    def probabilities(self, logits):
        return nested_probabilities(logits)


def known_labels() -> np.ndarray:
    """A ball in a ball in a ball: 2 outside, 1 inside, 3 at the core; shape (z, y, x)."""
    z, y, x = np.indices(GRID.shape)
    r = np.sqrt((z - 16.0) ** 2 + (y - 20.0) ** 2 + (x - 17.0) ** 2)
    return np.select([r < 3, r < 5, r < 7], [3, 1, 2], 0).astype(np.uint8)


def study_arrays() -> dict[str, np.ndarray]:
    z, y, x = np.indices(GRID.shape)
    centre = [(n - 1) / 2 for n in GRID.shape]
    radii = [n / 2 - 2 for n in GRID.shape]
    inside = sum(((i - c) / r) ** 2 for i, c, r in zip((z, y, x), centre, radii, strict=True)) < 1
    labels, noise = known_labels(), np.random.default_rng(0)
    bright = {"flair": labels > 0, "t1ce": np.isin(labels, (1, 3)), "t2": labels == 3}
    bright["t1"] = np.zeros_like(inside)
    return {
        name: np.where(inside, 100 + 8 * noise.random(GRID.shape) + 80 * where, 0).astype(np.int16)
        for name, where in bright.items()
    }


@pytest.fixture
def known_study() -> Study:
    return Study("known", {name: Volume(a, GRID) for name, a in study_arrays().items()})


@pytest.fixture
def known_bundle() -> KnownBundle:
    return KnownBundle()


@pytest.fixture
def make_spec():
    return spec


@pytest.fixture
def expected_labels() -> np.ndarray:
    return known_labels()


@pytest.fixture
def known_case(tmp_path):
    """Write the study and its mask as a case folder; ``edit`` changes the mask before."""

    def write(name: str, edit=lambda labels: labels, leave_out=()):
        folder = tmp_path / "cases" / name
        folder.mkdir(parents=True)
        arrays = {k: a for k, a in study_arrays().items() if k not in leave_out}
        for key, array in (arrays | {"seg": edit(known_labels())}).items():
            image = sitk.GetImageFromArray(array)
            image.SetSpacing(GRID.spacing)
            image.SetOrigin(GRID.origin)
            image.SetDirection(GRID.direction)
            sitk.WriteImage(image, str(folder / f"{name}_{key}.nii.gz"))
        return folder

    return write


@pytest.fixture
def without():
    def drop(study: Study, *names: str) -> Study:
        kept = {k: v for k, v in study.sequences.items() if k not in names}
        return replace(study, sequences=kept, reference="")

    return drop


@pytest.fixture(autouse=True)
def _same_numbers():
    torch.manual_seed(0)
