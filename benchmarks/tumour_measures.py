"""How long the measures of the review room take, and what they say of the real cases.

    OMP_NUM_THREADS=1 python benchmarks/tumour_measures.py

Tumours with ragged borders are drawn at the two sizes; the real cases are those of BraTS 2021 in
``../shared/data`` (NAPARI_ACS_SHARED_DATA names another folder). Seconds of CPU time, the best
of three.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
from scipy.ndimage import gaussian_filter, shift

from napari_acs.imaging import Grid, read_labels, sample_study
from napari_acs.review.edits.cost import edit_costs
from napari_acs.review.measure.midline import estimate_midline
from napari_acs.review.measure.plane import Plane
from napari_acs.review.measure.tumour import measure_tumour

DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
SIZES = (((240, 240, 155), 1.0), ((512, 512, 300), 0.5))
UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
TILTED = (1.0, 0.0, 0.0, 0.0, 0.940, -0.342, 0.0, 0.342, 0.940)  # by 20 degrees about x
STEEP = (1.0, 0.0, 0.0, 0.0, 0.766, -0.643, 0.0, 0.643, 0.766)  # by 40


def drawn(shape: tuple[int, int, int], mm: float, radius_mm: float) -> np.ndarray:
    """Return a lobed tumour: oedema round an enhancing shell round a necrotic core."""
    labels = np.zeros(shape, np.uint8)
    n = int(2.6 * radius_mm / mm)
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(n, n, n)), 4 / mm)
    steps = [(np.arange(n) - n / 2) * mm] * 3
    r = np.sqrt(sum(each**2 for each in np.meshgrid(*steps, indexing="ij")))
    r = r * (1 + 0.12 * noise / noise.std())
    box = tuple(slice(size // 2 - n // 2, size // 2 - n // 2 + n) for size in shape)
    levels = [r < 0.4 * radius_mm, r < 0.6 * radius_mm, r < radius_mm]
    labels[box] = np.select(levels, [1, 3, 2], 0)
    return labels


def seconds(run: Callable[[], object]) -> float:
    took = []
    for _ in range(3):
        start = process_time()
        run()
        took.append(process_time() - start)
    return min(took)


def sizes() -> None:
    print("| size, voxels | spacing, mm | grid | WT, ml | measures, s | edit cost, s |")
    print("| --- | --- | --- | --- | --- | --- |")
    midline = Plane((0.0, 0.0, 0.0), (1.0, 0.0, 0.0))
    for size, mm in SIZES:
        labels = drawn(size[::-1], mm, 38.0)
        corrected = shift(labels, (2, -1, 1), order=0)
        for name, direction in (("upright", UPRIGHT), ("20 deg", TILTED), ("40 deg", STEEP)):
            cosines = np.linalg.qr(np.reshape(direction, (3, 3)))[0]
            cosines *= np.sign(np.diag(cosines))
            grid = Grid(size, (mm,) * 3, (-60.0, -50.0, -70.0), tuple(cosines.ravel()))
            measured = measure_tumour(labels, grid, midline)
            a = seconds(lambda g=grid, m=labels: measure_tumour(m, g, midline))
            b = seconds(lambda g=grid, m=labels, c=corrected: edit_costs(m, c, g))
            print(
                f"| {size[0]} x {size[1]} x {size[2]} | {mm} | {name} "
                f"| {measured.regions['WT'].volume_ml:.0f} | {a:.2f} | {b:.2f} |"
            )


def real_cases() -> None:
    print("\n| case | WT, ml | TC, ml | ET, ml | WT, mm x mm | ET, mm x mm | lesions | s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for path in sorted((DATA / "brats2021").glob("*/*_seg.nii.gz")):
        volume = read_labels(path)
        labels = np.where(volume.array == 4, 3, volume.array).astype(np.uint8)
        found = measure_tumour(labels, volume.grid)
        regions = found.regions
        took = seconds(lambda m=labels, g=volume.grid: measure_tumour(m, g))
        products = []
        for name in ("WT", "ET"):
            axial = regions[name].largest_axial
            across = axial.perpendicular.length_mm if axial and axial.perpendicular else 0.0
            products.append(f"{axial.diameter.length_mm:.0f} x {across:.0f}" if axial else "none")
        ml = " | ".join(f"{regions[name].volume_ml:.2f}" for name in ("WT", "TC", "ET"))
        lesions = "/".join(str(len(regions[name].lesions)) for name in ("WT", "TC", "ET"))
        print(f"| {path.parent.name} | {ml} | {' | '.join(products)} | {lesions} | {took:.2f} |")


def main() -> None:
    sizes()
    sample = sample_study().sequences["t1"]
    print(f"\nMidline of the sample: {seconds(lambda: estimate_midline(sample)):.2f} s")
    real_cases()


if __name__ == "__main__":
    main()
