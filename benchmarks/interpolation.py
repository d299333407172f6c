"""Thick slices brought to another grid by each interpolator: how far from what is right.

Slices of 5.5 mm, averaged from a 1 mm volume, are brought to the grid of other slices of 5.5 mm
(half a slice further and tilted by 8 degrees), against the image that averaging gives there; and
to the 1 mm grid, against the volume itself. The fourth table of `registration.py`.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np
import SimpleITK as sitk

from napari_acs.imaging import Grid, Volume
from napari_acs.imaging.registration.resample import resample

THICK = 5
"""Subslices to one slice of 5.5 mm."""
SLICES = 3
OTHERS = {"linear": sitk.sitkLinear, "windowed sinc": sitk.sitkLanczosWindowedSinc}
OURS = "B-spline (ours)"


def image(volume):
    done = sitk.GetImageFromArray(volume.array.astype(np.float32))
    done.SetSpacing(volume.grid.spacing)
    done.SetOrigin(volume.grid.origin)
    done.SetDirection(volume.grid.direction)
    return done


def thick_grid(like, offset_mm, tilt_deg):
    """Return a grid of 0.9 x 0.9 x 5.5 mm slices through the middle of another."""
    cosines = np.eye(3)
    angle = np.radians(tilt_deg)
    cosines[1:, 1:] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    size, spacing = (256, 256, 28), np.array([0.9, 0.9, 5.5])
    middle = like.corners().mean(axis=0) + cosines[:, 2] * offset_mm
    origin = middle - cosines @ (spacing * (np.array(size) - 1) / 2)
    return Grid(size, tuple(spacing), tuple(origin), tuple(cosines.ravel()))


def thick(volume, grid):
    """Average a fine volume over the slices of a coarse grid, as a scanner does."""
    step = grid.spacing[2] / THICK
    start = grid.moved((0, 0, -(THICK - 1) / 2 / THICK), grid.size)
    fine = replace(
        start,
        size=(*grid.size[:2], grid.size[2] * THICK),
        spacing=(*grid.spacing[:2], step),
    )
    array = onto(volume, fine, sitk.sitkBSpline).clip(0)
    array = array.reshape(grid.size[2], THICK, *array.shape[1:]).mean(axis=1)
    return Volume(array.astype(np.float32), grid)


def onto(volume, grid, interpolator):
    done = sitk.Resample(
        image(volume), grid.size, sitk.Transform(), interpolator, grid.origin, grid.spacing,
        grid.direction, 0.0, sitk.sitkFloat32,
    )  # fmt: skip
    return sitk.GetArrayFromImage(done)


def resampling_rows(studies, sequences):
    """Yield a row for each case, grid and interpolator."""
    for name, study in studies.items():
        for key in sequences:
            true = study[key]
            slices = thick(true, thick_grid(true.grid, 0.0, 0.0))
            others = thick(true, thick_grid(true.grid, 2.75, 8.0))
            for to, target in (("other slices", middle(others)), ("1 mm", middle(true))):
                inside = target.array > 0
                scale = float(target.array[inside].std())
                done = {kind: timed(onto, slices, target.grid, how) for kind, how in OTHERS.items()}
                done[OURS] = timed(lambda v, g: resample(v, g).volume.array, slices, target.grid)
                for kind, (array, seconds) in done.items():
                    away = array[inside].astype(float) - target.array[inside]
                    yield {
                        "table": "resampling", "case": f"{name} {key} to {to}", "by": kind,
                        "rms": float(np.sqrt((away**2).mean())) / scale,
                        "s_mvoxel": seconds / inside.size * 1e6,
                    }  # fmt: skip


def middle(volume):
    """Cut out a few slices: windowed sinc takes half a minute for a million voxels."""
    at = len(volume.array) // 2
    box = (slice(at, at + SLICES), *(slice(0, n) for n in volume.array.shape[1:]))
    return Volume(volume.array[box], volume.grid.crop(box))


def timed(work, *args):
    start = perf_counter()
    return work(*args), perf_counter() - start


def resampling_summary(rows):
    said = {}
    for to in ("other slices", "1 mm"):
        for kind in (*OTHERS, OURS):
            of = [r for r in rows if r["case"].endswith(to) and r["by"] == kind]
            rms, seconds = (float(np.mean([r[k] for r in of])) for k in ("rms", "s_mvoxel"))
            said[f"{kind} to {to}"] = f"rms {rms:.3f} of the brain's spread, {seconds:.2f} s/Mvoxel"
    return said
