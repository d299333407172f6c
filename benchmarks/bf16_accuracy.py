"""What bfloat16 costs: the bundled model in both precisions on cases with reference masks.

python benchmarks/bf16_accuracy.py [--data ../shared/data/brats2021 ...] [--json OUT]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean

import numpy as np
from measure import machine, write

from napari_acs.imaging import read_study
from napari_acs.imaging.metrics import score
from napari_acs.inference import segment
from napari_acs.inference.reference import REGIONS, find_cases, find_mask, read_reference
from napari_acs.inference.regions import region_masks
from napari_acs.models import default_bundle_id, load_bundle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, action="extend", nargs="+")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    data = args.data or [shared / "brats2021"]
    if not all(folder.is_dir() for folder in data):
        print(f"no cases at {', '.join(map(str, data))}: give --data")
        return
    bundle = load_bundle(default_bundle_id())
    print(f"{machine()}\n{bundle.spec.id}\n")
    print(
        "| case | " + " | ".join(f"{r} float32 | {r} change" for r in REGIONS) + " | labels equal |"
    )
    print("| --- |" + " ---: |" * (2 * len(REGIONS) + 1))
    rows: list[dict[str, object]] = []
    for case in (case for folder in data for case in find_cases(folder, [])):
        study = read_study(case)
        reference = read_reference(find_mask(case), study.grid)
        labels = {p: segment(study, bundle, "cpu", precision=p).labels for p in PRECISIONS}
        dice = {
            p: {
                name: score(mask, reference[name], study.grid.spacing).dice
                for name, mask in region_masks(values, bundle.spec.output.regions).items()
            }
            for p, values in labels.items()
        }
        brain = np.any([v.array != v.array.flat[0] for v in study.sequences.values()], axis=0)
        same = labels["float32"] == labels["bfloat16"]
        row: dict[str, object] = {"case": case.name, "dice": dice}
        row |= {"equal": float(same.mean()), "equal_in_brain": float(same[brain].mean())}
        rows.append(row)
        cells = [f"{dice['float32'][r]:.4f} | {change(dice, r):+.4f}" for r in REGIONS]
        print(f"| {case.name} | {' | '.join(cells)} | {same.mean():.6f} |", flush=True)
    means = [
        f"{fmean(row['dice']['float32'][r] for row in rows):.4f} | "  # type: ignore[index]
        f"{fmean(change(row['dice'], r) for row in rows):+.4f}"  # type: ignore[arg-type]
        for r in REGIONS
    ]
    equal = fmean(float(str(row["equal"])) for row in rows)
    print(f"| mean | {' | '.join(means)} | {equal:.6f} |")
    write(rows, args.json)


PRECISIONS = ("float32", "bfloat16")


def change(dice: dict[str, dict[str, float]], region: str) -> float:
    """Return what bfloat16 adds to the Dice of a region."""
    return dice["bfloat16"][region] - dice["float32"][region]


if __name__ == "__main__":
    main()
