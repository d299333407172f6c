"""Stitching alone: our windows and labels against MONAI's sliding window and argmax.

    python benchmarks/stitching.py [--rounds N] [--json OUT]

A brain's box of 4x170x200x140 voxels in 240x240x155, windows of 128^3, overlap 0.5, and a network
that only copies channels. MONAI goes over the whole volume, with the four classes that ``argmax``
needs; ours goes over the box, with three nested regions, to the same labels. "In the box" is MONAI
over that box, too: what is left is the stitching itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from measure import interleaved, machine, write
from monai.inferers import SlidingWindowInferer
from torch import Tensor

from napari_acs.inference.regions import labels_from_regions
from napari_acs.inference.windows import plan_windows, sliding_windows
from napari_acs.models.spec import GLIOMA_OUTPUT

SIZE, WINDOW = (155, 240, 240), (128, 128, 128)
BOX = (slice(8, 148), slice(20, 220), slice(35, 205))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    image = torch.rand((4, *SIZE))
    plan = plan_windows(tuple(s.stop - s.start for s in BOX), WINDOW)
    monai = SlidingWindowInferer(WINDOW, overlap=0.5, mode="gaussian")

    def ours() -> np.ndarray:
        labels = np.zeros(SIZE, np.uint8)
        maps = sliding_windows(image[(slice(None), *BOX)], _three, plan)
        labels[BOX] = labels_from_regions(maps.numpy(), GLIOMA_OUTPUT.regions)
        return labels

    def stitched() -> Tensor:
        return monai(image[None], lambda window: window.clone())

    def theirs() -> Tensor:
        return stitched().argmax(dim=1).to(torch.uint8)

    def boxed() -> Tensor:
        cut = image[(slice(None), *BOX)][None]
        return monai(cut, lambda window: window.clone()).argmax(dim=1).to(torch.uint8)

    routes = {
        "ours": ours,
        "MONAI, no labels": stitched,
        "MONAI and argmax": theirs,
        "MONAI and argmax, in the box": boxed,
    }
    with torch.inference_mode():
        times = interleaved(routes, args.rounds)
    print(machine(), "\n\n| route | windows | ms | ours to it |\n| --- | ---: | ---: | ---: |")
    rows = []
    for name in routes:
        whole = name in {"MONAI, no labels", "MONAI and argmax"}
        count = len((plan_windows(SIZE, WINDOW) if whole else plan).starts)
        middle, low, high = times.ratio("ours", name)
        print(
            f"| {name} | {count} | {times.median_ms(name):.0f} | "
            f"{middle:.2f} ({low:.2f}-{high:.2f}) |"
        )
        rows.append({"route": name, "windows": count, "seconds": times.seconds[name]})
    write(rows, args.json)


def _three(window: Tensor) -> Tensor:
    return window[:, :3].clone()


if __name__ == "__main__":
    main()
