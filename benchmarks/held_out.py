"""Errors of networks on cases that they never saw, for benchmarks of corrections.

Not a benchmark itself: `smart_correction` imports it. A prediction takes seconds and is kept in a
work folder; what was done once is not done again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_acs.imaging import read_study
from napari_acs.inference import segment
from napari_acs.inference.reference import REGIONS, find_cases, find_mask, read_reference
from napari_acs.models import Bundle, load_bundle
from napari_acs.models.cross_validation import unseen
from napari_acs.review.boxes import Box, bounding_box, grown, margin
from napari_acs.review.correct import GLIOMA

DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
SETS = ("brats2021", "brats2018-2020-8bit")
FAST, ENSEMBLE = "glioma-unet-acs-mobilenetv2", "glioma-unet-acs-ensemble"
SEQUENCES = ("t1", "t1ce", "t2", "flair")
OF_FAST = (
    "BraTS2021_01484",
    "BraTS2021_01485",
    "Brats18_CBICA_ALU_1",
    "Brats18_TCIA02_370_1",
    "Brats18_TCIA10_628_1",
)
"""What the fast network never saw."""
_AROUND_MM = 30.0


@dataclass(frozen=True)
class Errors:
    """What a network made of a case and what the expert did, in a box 30 mm round both.

    Attributes
    ----------
    name : str
    judge : str
        Who made it: the fast network, or the ensemble's members that never saw the case.
    made, truth : ndarray of uint8, shape (z, y, x)
        In our labels.
    images : dict of str to ndarray of float32, shape (z, y, x)
        By sequence, as the file has them.
    spacing : tuple of float
        Along (z, y, x), in mm.
    """

    name: str
    judge: str
    made: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    images: dict[str, NDArray[np.float32]]
    spacing: tuple[float, float, float]


def errors_of(names: Sequence[str], work: Path) -> list[Errors]:
    """Return the errors on these cases, from the work folder or made anew."""
    fast, ensemble = load_bundle(FAST), load_bundle(ENSEMBLE)
    folders = find_cases([DATA / each for each in SETS], names)
    return [_read(_kept(f, fast if f.name in OF_FAST else ensemble, work)) for f in folders]


def _kept(folder: Path, bundle: Bundle, work: Path) -> Path:
    file = work / bundle.sha256[:12] / f"{folder.name}.npz"
    if file.exists():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    judge = bundle if folder.name in OF_FAST else unseen(bundle, folder.name)
    study = read_study(folder)
    made = segment(study, judge, device="cpu").labels
    regions = read_reference(find_mask(folder), study.grid)
    truth = GLIOMA.back(np.sum([regions[name] for name in REGIONS], axis=0).astype(np.uint8))
    spacing = study.grid.spacing[::-1]
    box = bounding_box(made | truth)
    assert box is not None
    box = grown(box, margin(_AROUND_MM, spacing), made.shape)
    _write(file, study, bundle.spec.id, made[box], truth[box], box, spacing)
    return file


def _write(file: Path, study, judge: str, made, truth, box: Box, spacing) -> None:
    images = {name: np.float32(study.sequences[name].array[box]) for name in SEQUENCES}
    partial = file.with_name(f".{file.name}.part")
    with partial.open("wb") as stream:
        np.savez_compressed(
            stream, judge=judge, made=made, truth=truth, spacing=np.array(spacing), **images
        )
    partial.replace(file)


def _read(file: Path) -> Errors:
    with np.load(file, allow_pickle=False) as kept:
        z, y, x = kept["spacing"].tolist()
        images = {name: kept[name] for name in SEQUENCES}
        return Errors(file.stem, str(kept["judge"]), kept["made"], kept["truth"], images, (z, y, x))
