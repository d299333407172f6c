"""How far reference masks stand out in their own images, and in those of others.

    python benchmarks/mask_contrast.py

Of every BraTS case in ``../shared/data`` (NAPARI_ACS_SHARED_DATA names another folder): its mask,
the same turned over along each axis, and the masks of all others. What is told of them are the
quantiles of the contrast, and how many `napari_acs.inference.mask_contrast` would doubt.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import read_study
from napari_acs.inference.mask_contrast import _SHOWN_BY, LEAST, _contrast
from napari_acs.inference.reference import find_mask, read_reference

DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
SETS = ("brats2021", "brats2018-2020-8bit")
AXES = {"from head to foot": 0, "from front to back": 1, "from left to right": 2}


def main() -> None:
    """Print the table."""
    folders = [f for name in SETS for f in sorted((DATA / name).glob("*")) if f.is_dir()]
    if not folders:
        sys.exit(f"There are no cases in {DATA}: nothing was measured")
    cases = {}
    for folder in folders:
        study = read_study(folder)
        cases[folder.name] = study, read_reference(find_mask(folder), study.grid)
    found: dict[str, list[float]] = {"its own": [], "its own, core alone": []}
    for name, (study, regions) in cases.items():
        found["its own"].append(contrast(study, regions["WT"]))
        found["its own, core alone"].append(contrast(study, regions["TC"]))
        for how, axis in AXES.items():
            turned = np.flip(regions["WT"], axis)
            found.setdefault(f"turned {how}", []).append(contrast(study, turned))
        for other, (_, foreign) in cases.items():
            if other != name:
                found.setdefault("another one's", []).append(contrast(study, foreign["WT"]))
    print("| mask | least | 5 % | median | 95 % | most | doubted |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for what, values in found.items():
        known = np.array([value for value in values if not np.isnan(value)])
        quantiles = " | ".join(f"{q:.2f}" for q in np.percentile(known, [0, 5, 50, 95, 100]))
        doubted = int(np.count_nonzero(known < LEAST))
        print(f"| {what} | {quantiles} | {doubted} of {len(values)} |")


def contrast(study, whole) -> float:
    """Return the larger one of FLAIR and T2."""
    found = [_contrast(study.sequences[key], whole) for key in _SHOWN_BY]
    return max((value for value in found if value is not None), default=float("nan"))


if __name__ == "__main__":
    try:
        main()
    except BadInput as refusal:
        sys.exit(refusal.sentence())
