"""Turn study folders into the prepared cache: one ``.npz`` a case, in model space.

The cache is all that the training loop reads, so that training can move to a machine with torch,
numpy, pydantic and safetensors alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume, labels_to_model_space, read_study, to_model_space
from napari_acs.inference.reference import find_cases, find_mask, read_reference
from napari_acs.training.cases import ATLAS
from napari_acs.training.phantom import prepare_atlas

__all__ = ["ATLAS", "cases_below", "nested_labels", "prepare"]


def prepare(
    roots: Sequence[Path],
    out: Path,
    sequences: Sequence[str],
    spacing_mm: float,
    *,
    phantoms: bool = True,
) -> Iterator[tuple[str, int, int]]:
    """Write every case below ``roots`` into ``out``; yield (case, done, total) after each.

    A case is a folder with sequences and one mask, all on one grid; its name is the folder's.
    Cases that are already in ``out`` are kept. With ``phantoms`` the tissue maps are added.

    Raises
    ------
    BadInput
        If there is no case, two cases have one name, or a mask is missing, on another grid or
        of unknown labels.
    """
    folders = cases_below(roots)
    (out / ATLAS).parent.mkdir(parents=True, exist_ok=True)
    if phantoms and not (out / ATLAS).exists():
        prepare_atlas(out / ATLAS, spacing_mm)
    for done, folder in enumerate(folders, start=1):
        target = out / f"{folder.name}.npz"
        if not target.exists():
            _prepare_case(folder, target, sequences, spacing_mm)
        yield folder.name, done, len(folders)


def cases_below(roots: Sequence[Path]) -> list[Path]:
    """Return the case folders of all roots.

    Raises
    ------
    BadInput
        If a root holds none, or two cases have one name.
    """
    folders = [folder for root in roots for folder in find_cases(root)]
    names = [folder.name for folder in folders]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"Two folders are called {twice[0]}", do="Give each case once only")
    return folders


def nested_labels(regions: dict[str, NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """Return labels 0, 1 (NCR), 2 (ED), 3 (ET) of the masks of WT, TC and ET."""
    labels = np.zeros(regions["WT"].shape, np.uint8)
    for region, label in (("WT", 2), ("TC", 1), ("ET", 3)):
        labels[regions[region]] = label
    return labels


def _prepare_case(folder: Path, target: Path, sequences: Sequence[str], spacing_mm: float) -> None:
    study = read_study(folder)
    truth = nested_labels(read_reference(find_mask(folder), study.grid))
    image = to_model_space(study, tuple(sequences), (spacing_mm,) * 3)
    partial = target.with_name(f".{target.name}.part")
    with partial.open("wb") as stream:
        np.savez_compressed(
            stream,
            images=image.array.astype(np.float16),
            labels=labels_to_model_space(Volume(truth, study.grid, None), image),
            spacing_mm=np.float32(spacing_mm),
        )
    partial.replace(target)
