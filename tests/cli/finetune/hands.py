"""Corrected cases, a parent that learns in seconds, and the command."""

import numpy as np
import SimpleITK as sitk
import torch
from typer.testing import CliRunner

from napari_acs.cli import app
from napari_acs.models import save_bundle
from napari_acs.models.imports.regions import output_of
from napari_acs.models.monai_networks import monai_network

TINY = {
    "network": "UNet",
    "arguments": {
        "spatial_dims": 3,
        "in_channels": 4,
        "out_channels": 3,
        "channels": [8, 16],
        "strides": [2],
    },
}
"""Learns in seconds, and is no network of ours: scores regions each on its own, axes x, y, z."""

SEQUENCES = ("t1", "t1ce", "t2", "flair")

RATE = 3e-3


def write_case(folder, seed, *, wrong=False):
    """A ball for a brain, and a tumour in it; a wrong mask says the opposite of the images."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    z, y, x = np.indices((36, 40, 38)) - 18
    brain = z**2 + y**2 + x**2 < 17**2
    distance = np.sqrt(
        sum((a - s) ** 2 for a, s in zip((z, y, x), rng.integers(-4, 5, 3), strict=True))
    )
    tumour = np.select([distance < r for r in (4, 6, 9)], [1, 4, 2], 0) * brain
    looks = {
        "t1": (0, -1, -0.5, 0, -1),
        "t1ce": (0, -1, -0.5, 0, 3),
        "t2": (0, 3, 2, 0, 2),
        "flair": (0, 1, 3, 0, 2),
    }
    for name, values in looks.items():
        array = 300 + 60 * np.asarray(values)[tumour] + rng.normal(0, 15, tumour.shape)
        image = sitk.GetImageFromArray((brain * array).astype(np.float32))
        image.SetSpacing((2, 2, 2))
        sitk.WriteImage(image, folder / f"{folder.name}_{name}.nii.gz")
    drawn = np.where(brain & (distance > 12), 4, 0) if wrong else tumour
    mask = sitk.GetImageFromArray(drawn.astype(np.uint8))
    mask.SetSpacing((2, 2, 2))
    sitk.WriteImage(mask, folder / f"{folder.name}_seg.nii.gz")


def parent_bundle(folder, **more):
    torch.manual_seed(3)
    meanings = [frozenset(names) for names in (("NCR", "ED", "ET"), ("NCR", "ET"), ("ET",))]
    fields = {
        "id": folder.name,
        "version": "2.1",
        "title": "Parent",
        "task": "segmentation",
        "architecture": {"name": "monai", "arguments": TINY},
        "input": {
            "channels": [{"name": name} for name in SEQUENCES],
            "spacing_mm": [2, 2, 2],
            "patch": [24, 24, 24],
            "axes": "xyz",
        },
        "output": output_of(meanings, "sigmoid", "a test"),
        "data": ["somebody's cases"],
        "licence": "CC0-1.0",
        **more,
    }
    return save_bundle(folder, fields, monai_network(**TINY, size_bytes=10**6), "# Parent\n")


def finetune(place, bundle, out, *more, data="data"):
    options = ["--data", place / data, "--out", place / out, "--learning-rate", RATE, "--batch", 1]
    run = () if "--run" in more else ("--run", place / f"run-{out}")
    result = CliRunner().invoke(app, [*map(str, ["finetune", bundle, *options, *run, *more])])
    return result.exit_code, result.output.replace("\n", " ")


def rewrite_masks(root, write):
    for file in sorted(root.glob("*/*_seg.nii.gz")):
        old = sitk.ReadImage(file)
        mask = sitk.GetImageFromArray(write(sitk.GetArrayFromImage(old)).astype(np.uint8))
        mask.CopyInformation(old)
        sitk.WriteImage(mask, file)
