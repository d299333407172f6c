"""A case as the scanner gave it, by the whole route: read, align, cut the brain out, segment.

    python benchmarks/native_case.py [--data DIR] [--model ID] [--json OUT]

TCGA-FG-6692: four sequences on different, oblique grids of 0.9 x 0.9 x 5.5 mm, with the skull. The
reference is ``brats_space/simple.nii.gz``, a fusion of five published algorithms (no expert's
drawing), on the 1 mm grid to which others registered the same patient. It is brought to the
native grid through our own `register` of the native reference sequence to its twin there, each
voxel taking the nearest label; "linear" takes half of the whole tumour's mask instead. So the
error of that registration is part of the Dice of the native rows. For comparison: the same model
on the ``brats_space`` images, on each side also without T1 and with N4.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
import SimpleITK as sitk
from measure import machine, write

import napari_acs
from napari_acs.imaging import read_volume
from napari_acs.imaging.metrics import dice
from napari_acs.imaging.registration.register import register
from napari_acs.imaging.registration.rigid import to_transform
from napari_acs.inference import Result, run
from napari_acs.inference.messages import READY
from napari_acs.inference.ready import Preparation
from napari_acs.models import default_bundle_id

ENDINGS = {"t1": "t1", "t1ce": "t1c", "t2": "t2", "flair": "fla"}
"""How the case's files end, by sequence; before ``_bet`` in ``brats_space``."""
N4 = Preparation(bias_correction=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=shared)
    parser.add_argument("--model", default=None)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    folder = args.data / "tcga-lgg-native" / "TCGA-FG-6692"
    if not folder.is_dir():
        print(f"Skipped: the case is not at {folder} (--data names the folder)")
        return
    bundle = napari_acs.load_bundle(args.model or default_bundle_id())
    print(f"{bundle.spec.id}; {machine()}\n")
    native = {key: next(folder.glob(f"*_{end}.nii.gz")) for key, end in ENDINGS.items()}
    space = folder / "brats_space"
    twins = {key: next(space.glob(f"*_{end}_bet.nii.gz")) for key, end in ENDINGS.items()}
    rows: list[dict[str, object]] = []
    for given, files, reference, preparation in (
        ("native", native, "t1ce", Preparation()),
        ("native", native, "flair", Preparation()),
        ("native, no T1", without_t1(native), "t1ce", Preparation()),
        ("native, N4", native, "t1ce", N4),
        ("brats_space", twins, "t1ce", Preparation()),
        ("brats_space, no T1", without_t1(twins), "t1ce", Preparation()),
        ("brats_space, N4", twins, "t1ce", N4),
    ):
        row = {"input": given, "grid of": reference}
        row |= measured(files, reference, preparation, bundle, twins, space / "simple.nii.gz")
        if not rows:
            print("| " + " | ".join(row) + " |\n| --- | ---" + " | ---:" * 7 + " | --- |")
        rows.append(row)
        print("| " + " | ".join(map(str, row.values())) + " |", flush=True)
    write(rows, args.json)


def without_t1(files):
    return {key: file for key, file in files.items() if key != "t1"}


def measured(files, reference, preparation, bundle, twins, truth):
    start = perf_counter()
    study = napari_acs.read_study(files, reference=reference)
    reading = perf_counter() - start
    last = list(run(study, bundle, device="cpu", preparation=preparation))[-1]
    if not isinstance(last, Result):
        raise SystemExit(last.sentence())
    found = last.segmentation
    ready = found.seconds.get(READY, 0.0)
    nearest, linear = truth_on(study, reference, read_volume(twins[reference]), read_volume(truth))
    tumour = found.labels > 0
    verdicts = [
        f"{key} {step.verdict}"
        for key, volume in study.sequences.items()
        for step in volume.history
        if step.name == "registered"
    ]
    return {
        "read, align s": f"{reading:.1f}",
        "brain, N4 s": f"{ready:.1f}",
        "segment s": f"{sum(found.seconds.values()) - ready:.1f}",
        "WT Dice": f"{dice(tumour, nearest):.3f}",
        "WT Dice, linear": f"{dice(tumour, linear):.3f}",
        "ml": f"{np.count_nonzero(tumour) * study.grid.voxel_ml:.0f}",
        "reference ml": f"{np.count_nonzero(nearest) * study.grid.voxel_ml:.0f}",
        "alignment": ", ".join(verdicts) or "none needed",
    }


def truth_on(study, reference, twin, labels):
    """Bring the reference's whole tumour to the study's grid: nearest label, and linear."""
    grid = study.grid
    if grid.difference(labels.grid) is None:
        return labels.array > 0, labels.array > 0
    found = register(study.sequences[reference], twin)
    image = sitk.GetImageFromArray((labels.array > 0).astype(np.float32))
    image.SetSpacing(labels.grid.spacing)
    image.SetOrigin(labels.grid.origin)
    image.SetDirection(labels.grid.direction)

    def onto(interpolator):
        done = sitk.Resample(
            image, grid.size, to_transform(found.matrix), interpolator, grid.origin,
            grid.spacing, grid.direction, 0.0, sitk.sitkFloat32,
        )  # fmt: skip
        return sitk.GetArrayFromImage(done) >= 0.5

    return onto(sitk.sitkNearestNeighbor), onto(sitk.sitkLinear)


if __name__ == "__main__":
    main()
