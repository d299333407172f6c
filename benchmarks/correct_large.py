"""What large changes and large brushes cost the main thread, in CPU time and without the drawing.

    scripts/with-display python benchmarks/correct_large.py [--json OUT]

On 512 x 512 x 300 voxels of 0.5 x 0.5 x 0.6 mm. `correct_gui` times what the user waits for; this
takes what no phantom there reaches: millions of voxels in one step, and a ball of 30 mm.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from time import thread_time

import numpy as np
from measure import machine, write
from napari.layers import Labels

from napari_acs.review.correct import Canvas, Change, paint, stroke
from napari_acs.viewer.applying import apply, places_of

SHAPE, SPACING = (300, 512, 512), (0.6, 0.5, 0.5)
ROUNDS = 5
RADIUS_MM = 30.0


def layer() -> Labels:
    """Return a mask with a block of oedema."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[:] = 0  # touched: a mask that was read is, too
    labels[100:200, 150:350, 150:350] = 2
    return Labels(labels, scale=SPACING)


def change_row(millions: int) -> dict[str, object]:
    """Return what a tool's change of so many voxels takes."""
    mask, side = layer(), round((millions * 1e6) ** (1 / 3))
    seen = mask.data.copy()
    box = (slice(50, 50 + side), slice(100, 100 + side), slice(100, 100 + side))
    indices = np.ravel_multi_index([axis.ravel() for axis in np.mgrid[box]], SHAPE)
    change = Change(indices, seen[box].ravel(), np.full(len(indices), 3, np.uint8), "")
    places = places_of(change, SHAPE)
    times = []
    for _ in range(ROUNDS):
        began = thread_time()
        apply(mask, change, seen, places)
        times.append(1000 * (thread_time() - began))
        mask.undo()
    return row(f"a change of {millions} million voxels", times)


def move_rows(step_mm: float) -> list[dict[str, object]]:
    """Return what the first dab of a ball takes, and moves to and fro over what it painted."""
    first, again = [], []
    for _ in range(ROUNDS):
        mask = layer()
        canvas, at = Canvas(mask.data, SPACING), np.array([150.0, 200.0, 200.0])
        for number in range(4):
            by = step_mm / 0.5 / 2**0.5 * (-1 if number % 2 else 1)
            to = at + np.array([0, by, by])
            began = thread_time()
            change = stroke(canvas, np.stack([at, to]), RADIUS_MM, paint("ET"))
            apply(mask, change, canvas.labels, of_stroke=True)
            (again if number else first).append(1000 * (thread_time() - began))
            at = to
    what = f"a ball of {RADIUS_MM:g} mm, moved by {step_mm:g} mm"
    return [row(f"{what}, anew", first), row(f"{what}, over what is painted", again)]


def row(what: str, times: list[float]) -> dict[str, object]:
    return {
        "what": what,
        "cpu_ms": round(statistics.median(times), 1),
        "longest_cpu_ms": round(max(times), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(machine())
    rows = [change_row(millions) for millions in (1, 2, 4)]
    for step_mm in (0, 20, 60):
        rows += move_rows(step_mm)
    for each in rows:
        print(", ".join(f"{key} {value}" for key, value in each.items()))
    write(rows, options.json)


if __name__ == "__main__":
    main()
