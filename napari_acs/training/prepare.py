"""Turn study folders into the prepared cache: one ``.npz`` a case, in model space.

The cache is all that the training loop reads, so that training can move to a machine with torch,
numpy, pydantic and safetensors alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import is_mask_name, read_labels, read_study
from napari_acs.imaging.modelspace import labels_to_model_space, to_model_space


def prepare(
    roots: Sequence[Path], out: Path, sequences: Sequence[str], spacing_mm: float
) -> Iterator[tuple[str, int, int]]:
    """Write every case below ``roots`` into ``out``; yield (case, done, total) after each.

    A case is a folder with sequences and one mask, all on one grid; the folder's name is the
    case's. Cases that are already in ``out`` are kept.

    Raises
    ------
    BadInput
        If there is no case, two cases have one name, a mask is missing or its labels are not
        0/1/2/3 or 0/1/2/4.
    """
    folders = [folder for root in roots for folder in case_folders(root)]
    if not folders:
        raise BadInput(
            f"no case was found in {', '.join(map(str, roots))}",
            expected="folders that hold sequences and a mask named *seg* or *mask*",
        )
    names = [folder.name for folder in folders]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"two folders are called {twice[0]}", do="A case may be given once only")
    out.mkdir(parents=True, exist_ok=True)
    for done, folder in enumerate(folders, start=1):
        target = out / f"{folder.name}.npz"
        if not target.exists():
            _prepare_case(folder, target, sequences, spacing_mm)
        yield folder.name, done, len(folders)


def case_folders(root: Path) -> list[Path]:
    """Return the folders below ``root`` (or ``root`` itself) that hold a mask, sorted."""
    if not root.is_dir():
        raise BadInput(f"{root} is not a folder", do="Check the path")
    found = {file.parent for file in root.rglob("*") if _is_mask(file)}
    return sorted(found)


def mask_of(folder: Path) -> Path:
    """Return the one mask file of a case folder.

    Raises
    ------
    BadInput
        If there is none, or more than one.
    """
    masks = sorted(file for file in folder.iterdir() if _is_mask(file))
    if len(masks) != 1:
        raise BadInput(
            f"{folder} must hold one mask",
            found=", ".join(m.name for m in masks) or "none",
            expected="one file named *seg* or *mask*",
        )
    return masks[0]


def _is_mask(file: Path) -> bool:
    image = file.name.endswith((".nii.gz", ".nii", ".nrrd", ".mha", ".mhd"))
    return image and file.is_file() and is_mask_name(file.name)


def brats_labels(labels: np.ndarray, file: Path) -> np.ndarray:
    """Return labels as 0, 1 (NCR), 2 (ED), 3 (ET), from BraTS 0/1/2/4 or 0/1/2/3.

    Raises
    ------
    BadInput
        If there are other values.
    """
    values = set(np.unique(labels).tolist())
    if not values <= {0, 1, 2, 4} and not values <= {0, 1, 2, 3}:
        raise BadInput(
            f"{file} has labels this training does not know",
            found=", ".join(str(v) for v in sorted(values)),
            expected="0, 1, 2, 4 (or 0, 1, 2, 3): background, NCR, ED, ET",
        )
    return np.where(labels == 4, 3, labels).astype(np.uint8)


def _prepare_case(
    folder: Path, target: Path, sequences: Sequence[str], spacing_mm: float
) -> None:
    study = read_study(folder)
    image = to_model_space(study, tuple(sequences), (spacing_mm,) * 3)
    mask_file = mask_of(folder)
    mask = read_labels(mask_file)
    difference = study.grid.difference(mask.grid)
    if difference is not None:
        raise BadInput(f"{mask_file} is not on the grid of its study", found=difference)
    labels = labels_to_model_space(mask, image)
    partial = target.with_name(f".{target.name}.part")
    with partial.open("wb") as stream:
        np.savez_compressed(
            stream,
            images=image.array.astype(np.float16),
            labels=brats_labels(labels, mask_file),
            spacing_mm=np.float32(spacing_mm),
            present=np.array(image.present),
        )
    partial.replace(target)
