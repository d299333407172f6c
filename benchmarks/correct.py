"""What corrections of a mask cost, on the grid of BraTS and on a finer, larger one.

python benchmarks/correct.py [--rounds N] [--case FOLDER] [--json OUT]

On a phantom: a tumour with the volume of a large glioma, rough, with holes, islands and a ring of
ET. With --case also on the mask and the FLAIR image of a real case. Peers do the same work on the
whole array, as one would write it with scipy or scikit-image, once. On a machine that does other
things too, look at the CPU time (of all threads) besides the time on the clock.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from measure import machine, write
from scipy import ndimage
from skimage.segmentation import flood as skimage_flood

from napari_acs.errors import BadInput
from napari_acs.imaging import read_study
from napari_acs.inference.reference import find_mask, read_reference
from napari_acs.review.correct import (
    Band,
    Canvas,
    changed,
    compare,
    copy_slice,
    cut,
    erase,
    fill_between,
    fill_holes,
    find_islands,
    flood,
    grow,
    grow_from,
    keep_largest,
    paint,
    remove_islands,
    revert,
    revert_part,
    shrink,
    smooth,
    stroke,
)

SIZES = {
    "240x240x155, 1 mm": ((155, 240, 240), (1.0, 1.0, 1.0)),
    "512x512x300, 0.5 x 0.5 x 0.6 mm": ((300, 512, 512), (0.6, 0.5, 0.5)),
}
Work = dict[str, Callable[[], object]]


def phantom(shape, spacing):
    """Draw a tumour of about 120 ml in the head's left half, and an image of it."""
    rng = np.random.default_rng(3)
    noise = ndimage.gaussian_filter(rng.normal(size=(100, 100, 100)).astype(np.float32), 3)
    noise *= 8 / noise.std()
    extent = np.multiply(shape, spacing)
    centre = extent * (0.5, 0.5, 0.35)
    axes = [np.arange(n) * s for n, s in zip(shape, spacing, strict=True)]
    near = [np.flatnonzero(abs(a - c) < 50) for a, c in zip(axes, centre, strict=True)]
    box = tuple(slice(i[0], i[-1] + 1) for i in near)
    at = np.meshgrid(*(a[b] - c for a, b, c in zip(axes, box, centre, strict=True)), indexing="ij")
    far = np.sqrt(sum(a**2 for a in at)) + ndimage.map_coordinates(
        noise, [np.clip(a + 50, 0, 99) for a in at], order=1
    )
    depth = np.zeros(far.shape, np.uint8)
    for radius in (32, 20):
        depth += far < radius
    depth[(far < 18) & (far > 13)] = 3
    labels = np.zeros(shape, np.uint8)
    labels[box] = np.array([0, 2, 1, 3], np.uint8)[depth]
    salt = rng.random(labels[box].shape)
    labels[box][(salt < 0.001) & (depth == 1)] = 0  # holes
    labels[box][(salt > 0.999) & (depth == 0) & (far < 40)] = 2  # islands nearby
    labels[
        tuple(slice(i, i + 3) for i in np.rint(extent * (0.5, 0.3, 0.7) / spacing).astype(int))
    ] = 2
    image = rng.normal(100, 20, shape).astype(np.float32)
    image[box] += 90 * (depth > 0)
    return labels, image


def real(folder):
    """Read a case's mask in our labels, its FLAIR and its spacing (z, y, x)."""
    study = read_study(folder)
    regions = read_reference(find_mask(folder), study.grid)
    labels = np.zeros(study.grid.shape, np.uint8)
    for region, value in (("WT", 2), ("TC", 1), ("ET", 3)):
        labels[regions[region]] = value
    return labels, np.asarray(study.sequences["flair"].array), study.grid.spacing[::-1]


def corrections(labels, image, spacing) -> tuple[Work, Work, Work]:
    """Return strokes (of which many come a second), operations, and peers of some of these."""
    canvas = Canvas(labels, spacing)
    core = np.argwhere(labels == 1)
    middle = core[len(core) // 2]
    step = 3 / np.array(spacing)
    line = middle + np.outer([0, 1], step)
    lasso = np.delete(middle, 0) + 25 / np.delete(spacing, 0) * [(-1, -1), (-1, 1), (1, 0.2)]
    band = Band(image, float(np.percentile(image[labels > 0], 10)), np.inf)
    brain = np.ones(labels.shape, bool)
    prediction = ndimage.shift(labels, (1, 2, 0), order=0)
    differs = np.argwhere(labels != prediction)[1000]
    sparse = labels.copy()
    sparse[np.arange(len(labels)) % 5 != 0] = 0
    thin = Canvas(sparse, spacing)
    strokes: Work = {
        "brush, ball of 5 mm, 5 mm on": lambda: stroke(canvas, line, 5.0, paint("TC")),
        "brush, ball of 15 mm": lambda: stroke(canvas, line, 15.0, erase("TC")),
        "brush, disc of 15 mm": lambda: stroke(canvas, middle, 15.0, paint("ET"), axis=0),
        "threshold brush, ball of 15 mm": lambda: stroke(
            canvas, line, 15.0, paint("ET"), band=band
        ),
        "flood brush, 15 mm": lambda: flood(canvas, middle, band, paint("ET"), reach_mm=15.0),
        "smart click, four images, 15 mm": lambda: grow_from(
            canvas, middle, [image] * 4, paint("ET"), reach_mm=15.0
        ),
        "smart click, four images, 30 mm": lambda: grow_from(
            canvas, middle, [image] * 4, paint("ET"), reach_mm=30.0
        ),
    }
    operations: Work = {
        "flood, no limit": lambda: flood(canvas, middle, band, paint("WT")),
        "flood over a range of everything, refused": lambda: _refused(
            lambda: flood(canvas, middle, Band(image, -np.inf, np.inf), paint("WT"), most_ml=1000)
        ),
        "fill holes in 3D": lambda: fill_holes(canvas),
        "fill holes in axial slices": lambda: fill_holes(canvas, axis=0),
        "list islands of WT": lambda: find_islands(canvas, "WT", under_ml=0.1),
        "remove islands of WT": lambda: remove_islands(canvas, "WT", 0.1),
        "keep largest WT": lambda: keep_largest(canvas, "WT"),
        "smooth, gaussian 1 mm": lambda: smooth(canvas, 1.0),
        "smooth, gaussian 2 mm": lambda: smooth(canvas, 2.0),
        "smooth, median 2 mm": lambda: smooth(canvas, 2.0, method="median"),
        "grow WT 5 mm in the brain": lambda: grow(canvas, "WT", 5.0, brain=brain),
        "shrink WT 5 mm": lambda: shrink(canvas, "WT", 5.0),
        "copy slice": lambda: copy_slice(canvas, 0, int(middle[0]), int(middle[0]) + 1),
        "interpolate, every fifth drawn": lambda: fill_between(thin, 0),
        "lasso, erase": lambda: cut(canvas, 0, lasso, erase("WT")),
        "lasso, erase outside": lambda: cut(canvas, 0, lasso, erase("WT"), outside=True),
        "revert all": lambda: revert(canvas, prediction),
        "revert one correction": lambda: revert_part(canvas, prediction, differs),
        "what changed": lambda: changed(labels, prediction),
        "compare two masks": lambda: compare(labels, prediction),
    }
    whole, touching = labels > 0, np.ones((3, 3, 3))
    seed = tuple(middle.tolist())
    peers: Work = {
        "flood, no limit": lambda: skimage_flood(
            (image >= band.low) & (image <= band.high), seed, connectivity=1
        ),
        "fill holes in 3D": lambda: [
            ndimage.binary_fill_holes(np.isin(labels, k)) for k in ((1, 2, 3), (1, 3))
        ],
        "keep largest WT": lambda: _largest(whole, touching),
        "grow WT 5 mm in the brain": lambda: ndimage.distance_transform_edt(~whole, spacing) <= 5.0,
    }
    return strokes, operations, peers


def _refused(work: Callable[[], object]) -> None:
    try:
        work()
    except BadInput:
        return
    raise AssertionError("it was not refused")


def _largest(mask, touching):
    parts, _ = ndimage.label(mask, touching)
    return parts == np.bincount(parts.ravel())[1:].argmax() + 1


def table(name, labels, image, spacing, rounds) -> list[dict[str, object]]:
    strokes, operations, peers = corrections(labels, image, spacing)
    ml = np.count_nonzero(labels) * float(np.prod(spacing)) / 1000
    print(f"\n{name}, tumour of {ml:.0f} ml ({np.count_nonzero(labels)} voxels)\n", flush=True)
    print("| correction | median | quartiles | slowest | CPU | peer | its CPU |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    rows: list[dict[str, object]] = []
    for what, run in {**strokes, **operations}.items():
        run()
        clock, cpu = timed(run, rounds * 4 if what in strokes else rounds)
        low, middle, high = statistics.quantiles(clock, n=4)
        spread = f"{middle:.1f} ms | {low:.1f}-{high:.1f} | {max(clock):.1f}"
        theirs = timed(peers[what], 1) if what in peers else None
        said = f"{theirs[0][0]:.0f} ms | {theirs[1][0]:.0f} ms" if theirs else "|"
        print(f"| {what} | {spread} | {statistics.median(cpu):.1f} ms | {said} |", flush=True)
        rows.append({"grid": name, "what": what, "ms": clock, "cpu_ms": cpu, "peer": theirs})
    return rows


def timed(run: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """Return milliseconds on the clock and of the CPU in every round."""
    clock, cpu = [], []
    for _ in range(rounds):
        at, used = perf_counter(), process_time()
        run()
        clock.append((perf_counter() - at) * 1e3)
        cpu.append((process_time() - used) * 1e3)
    return clock, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--case", type=Path, help="a real case with its reference mask")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    print(machine())
    rows: list[dict[str, object]] = []
    for name, (shape, spacing) in SIZES.items():
        rows += table(name, *phantom(shape, spacing), spacing, args.rounds)
    if args.case:
        labels, image, spacing = real(args.case)
        rows += table(args.case.name, labels, image, spacing, args.rounds)
    write(rows, args.json)


if __name__ == "__main__":
    main()
