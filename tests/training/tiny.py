"""Tiny studies, and the same studies in every layout."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SEQUENCES = ("t1", "t1ce", "t2", "flair")
NCR, ED, ET = 1, 2, 3
BRATS = {NCR: 1, ED: 2, ET: 4}
MSD = {ED: 1, NCR: 2, ET: 3}
"""Values of the Medical Segmentation Decathlon, Task01: not BraTS's."""
MSD_LABELS = {
    "0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour",
}  # fmt: skip
MSD_CHANNELS = {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}
_OF_CHANNEL = ("flair", "t1", "t1ce", "t2")


@dataclass(frozen=True)
class Tiny:
    """Arrays (z, y, x): images by sequence, and labels 0, 1 NCR, 2 ED, 3 ET."""

    images: dict[str, np.ndarray]
    labels: np.ndarray


def tiny(seed: int) -> Tiny:
    """A ball of a brain with a tumour in it, whose place and texture depend on the seed."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices((20, 22, 24)) - np.reshape((10, 11, 12), (3, 1, 1, 1))
    brain = z**2 + y**2 + x**2 < 9**2
    a, b, c = rng.integers(-3, 4, 3)
    far = (z - a) ** 2 + (y - b) ** 2 + (x - c) ** 2
    labels = np.select([far < 3, far < 9, far < 17], [NCR, ET, ED], 0).astype(np.uint8)
    texture = np.kron(rng.normal(0, 30, (5, 6, 6)), np.ones((4, 4, 4)))[:20, :22, :24]
    images = {
        key: (brain * (200 + texture * (1 + i) + 40 * labels + rng.normal(0, 5, brain.shape)))
        .clip(0)
        .astype(np.int16)
        for i, key in enumerate(SEQUENCES)
    }
    return Tiny(images, labels)


def values(labels: np.ndarray, scheme: dict[int, int]) -> np.ndarray:
    written = np.zeros_like(labels)
    for tissue, value in scheme.items():
        written[labels == tissue] = value
    return written


def write(path: Path, array: np.ndarray, origin=(0.0, 0.0, 0.0)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((2.0, 2.0, 2.0))
    image.SetOrigin(origin)
    sitk.WriteImage(image, path)
    return path


def write_case(folder: Path, seed: int, scheme=BRATS, leave_out=()) -> Path:
    """Write one case as BraTS does."""
    made = tiny(seed)
    for key, array in made.images.items():
        if key not in leave_out:
            write(folder / f"{folder.name}_{key}.nii.gz", array)
    if "seg" not in leave_out:
        write(folder / f"{folder.name}_seg.nii.gz", values(made.labels, scheme))
    return folder


def as_brats(root: Path, cases: dict[str, Tiny]) -> Path:
    for name, made in cases.items():
        for key, array in made.images.items():
            write(root / name / f"{name}_{key}.nii.gz", array)
        write(root / name / f"{name}_seg.nii.gz", values(made.labels, BRATS))
    return root


def as_nnunet(root: Path, cases: dict[str, Tiny]) -> Path:
    for name, made in cases.items():
        for i, key in enumerate(_OF_CHANNEL):
            write(root / "imagesTr" / f"{name}_{i:04}.nii.gz", made.images[key])
        write(root / "labelsTr" / f"{name}.nii.gz", values(made.labels, MSD))
    data = {
        "channel_names": MSD_CHANNELS,
        "labels": {
            "background": 0,
            "whole tumor": [1, 2, 3],
            "tumor core": [2, 3],
            "enhancing tumor": 3,
        },
        "regions_class_order": [1, 2, 3],
        "numTraining": len(cases),
        "file_ending": ".nii.gz",
    }
    (root / "dataset.json").write_text(json.dumps(data))
    return root


def as_nnunet_1(root: Path, cases: dict[str, Tiny]) -> Path:
    as_nnunet(root, cases)
    data = {"modality": MSD_CHANNELS, "labels": MSD_LABELS, "training": []}
    (root / "dataset.json").write_text(json.dumps(data))
    return root


def as_msd(root: Path, cases: dict[str, Tiny]) -> Path:
    for name, made in cases.items():
        volumes = []
        for key in _OF_CHANNEL:
            volumes.append(sitk.GetImageFromArray(made.images[key]))
            volumes[-1].SetSpacing((2.0, 2.0, 2.0))
        (root / "imagesTr").mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(sitk.JoinSeries(volumes), root / "imagesTr" / f"{name}.nii.gz")
        write(root / "labelsTr" / f"{name}.nii.gz", values(made.labels, MSD))
    msd_json(root, cases)
    return root


def msd_json(root: Path, names) -> None:
    data = {
        "modality": MSD_CHANNELS,
        "labels": MSD_LABELS,
        "training": [
            {"image": f"./imagesTr/{name}.nii.gz", "label": f"./labelsTr/{name}.nii.gz"}
            for name in names
        ],
    }
    (root / "dataset.json").write_text(json.dumps(data))


BIDS_NAMES = {"t1": "T1w", "t1ce": "ce-gadolinium_T1w", "t2": "T2w", "flair": "FLAIR"}


def as_bids(root: Path, cases: dict[str, Tiny]) -> Path:
    for number, made in enumerate(cases.values(), start=1):
        where = Path(f"sub-{number:02}") / "ses-1" / "anat"
        stem = f"sub-{number:02}_ses-1"
        for key, array in made.images.items():
            write(root / where / f"{stem}_{BIDS_NAMES[key]}.nii.gz", array)
        derived = root / "derivatives" / "lesions" / where
        write(derived / f"{stem}_desc-brain_mask.nii.gz", (made.labels > 0).astype(np.uint8))
        write(derived / f"{stem}_desc-tumor_dseg.nii.gz", values(made.labels, MSD))
        rows = "".join(f"{value}\t{name}\n" for value, name in MSD_LABELS.items())
        (derived / f"{stem}_desc-tumor_dseg.tsv").write_text("index\tname\n" + rows)
    (root / "participants.tsv").write_text("participant_id\tsite\nsub-01\tWien\nsub-02\tn/a\n")
    return root


def as_csv(root: Path, cases: dict[str, Tiny]) -> Path:
    as_brats(root / "files", cases)
    lines = ["case,patient,t1,T1c,t2,flair,mask,site,label,age"]
    for number, name in enumerate(cases):
        stem = f"files/{name}/{name}"
        files = ",".join(f"{stem}_{key}.nii.gz" for key in (*SEQUENCES, "seg"))
        lines.append(f"{name},p{number},{files},Wien,{'AB'[number % 2]},70")
    (root / "cases.csv").write_text("\n".join(lines) + "\n")
    return root / "cases.csv"


WRITERS = {
    "brats": as_brats, "nnunet": as_nnunet, "nnunet 1": as_nnunet_1, "msd": as_msd,
    "bids": as_bids, "csv": as_csv,
}  # fmt: skip
