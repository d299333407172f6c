"""How good the brain masks are on real cases, and what they cost.

    python benchmarks/brain_mask.py [--data ../shared/data] [--json OUT] [--png DIR]

TCGA-FG-6692 comes as the scanner gave it and, skull-stripped by others, in the BraTS space. Each
``*_bet`` image is registered to its native sequence (rigid, Mattes MI within the brain; the
patient turned by up to 15 degrees between sequences), and its brain is the reference. The two
brats2013 cases are z-scored and stripped, with a brain mask. The others have no reference: what
is shown is the volume and how much of the tumour's ROI lies in the mask. True slice distances of
the TCIA exams are lost: their ml are those of the header's 1 mm.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
import SimpleITK as sitk
from measure import machine, peak_extra_mib, write

from napari_acs.imaging import Grid, Volume, read_volume
from napari_acs.imaging.metrics import score
from napari_acs.inference.brain_extraction import extract_brain
from napari_acs.inference.brain_stages import brain_of, brain_probability
from napari_acs.models.brain_weights import load_brain_networks

NATIVE = {"t1": "t1", "t1ce": "t1c", "t2": "t2", "flair": "fla"}
"""How the TCGA case's files end, by sequence."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=shared)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--png", type=Path, help="a folder for pictures (needs matplotlib)")
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"no cases at {args.data}: give --data")
        return
    print(f"{machine()}\n")
    columns = ("case", "input", "Dice", "HD95 mm", "ml", "reference ml", "ROI inside", "verdict")
    print("| " + " | ".join((*columns, "s")) + " |\n| --- | --- |" + " ---: |" * 7)
    rows = []
    for case, seen, picture, reference, row in measured(args.data):
        rows.append({"case": case, "input": seen, **row})
        print("| " + " | ".join([case, seen, *(str(v) for v in row.values())]) + " |", flush=True)
        if args.png:
            draw(args.png / f"{case}-{seen}.png".replace(" ", "_"), *picture, reference)
    t1 = read_volume(next((args.data / "tcga-lgg-native").glob("*/*_t1.nii.gz")))
    peak = peak_extra_mib(lambda: extract_brain({"t1": t1}))
    print(f"\npeak memory above the process's own: {peak or 0:.0f} MiB")
    write(rows, args.json)


def measured(data: Path) -> Iterator[tuple]:
    yield from tcga(next((data / "tcga-lgg-native").iterdir()))
    for folder in sorted((data / "brats2013-two-channel").iterdir()):
        yield from brats2013(folder)
    for file in sorted((data / "tcia-brain-tumor-progression").glob("*/*Scan_T1.nii.gz")):
        roi = file.with_name(file.name.replace("Scan_T1", "Mask"))
        yield with_roi(f"TCIA {file.parent.name} {file.name.split('_')[0]}", file, roi)
    for file in sorted((data / "nrrd-two-rois").glob("*_image.nrrd")):
        yield with_roi(f"nrrd {file.name[0]}", file, file.with_name(f"{file.name[0]}_label.nrrd"))


def tcga(folder: Path) -> Iterator[tuple]:
    transforms, volumes, references = {}, {}, {}
    for name, ending in sorted(NATIVE.items(), key=lambda item: item[0] != "t2"):  # t2 fits best
        file = next(folder.glob(f"*_{ending}.nii.gz"))
        stripped = next((folder / "brats_space").glob(f"*_{ending}_bet.nii.gz"))
        volumes[name] = read_volume(file)
        transforms[name], references[name] = brain_on(file, stripped, transforms.get("t2"))
    for name, volume in volumes.items():
        yield scored("TCGA-FG-6692", f"{name} alone", {name: volume}, references[name])
    # The combined look, on T1's grid, through the references' own transforms.
    grid = volumes["t1"].grid
    together = {}
    for name, volume in volumes.items():
        way = sitk.CompositeTransform([transforms[name], transforms["t1"].GetInverse()])
        moved = sitk.Resample(image_of(volume), image_of(volumes["t1"]), way, sitk.sitkLinear, 0.0)
        together[name] = Volume(sitk.GetArrayFromImage(moved), grid)
    yield scored("TCGA-FG-6692", "all four", together, references["t1"])
    t1ce_flair = {k: together[k] for k in ("t1ce", "flair")}
    yield scored("TCGA-FG-6692", "t1ce and flair", t1ce_flair, references["t1"])


def brats2013(folder: Path) -> Iterator[tuple]:
    reference = read_volume(folder / "brainmask.nii.gz").array > 0
    for name, start in (("flair", "Flair"), ("t1ce", "T1c")):
        volume = read_volume(folder / f"{start}_subtrMeanDivStd.nii.gz")
        case = folder.name.removeprefix("brats_2013_")
        yield scored(case, f"{name}, stripped: as it is", {name: volume}, reference)
        began = perf_counter()
        networks = load_brain_networks()
        found = brain_of(
            brain_probability(volume.array, volume.grid, networks, "cpu", lambda _: None)
        )
        row = numbers(found, volume.grid, reference, perf_counter() - began)
        yield case, f"{name}, stripped: networks", (volume.array, found), reference, row


def with_roi(case: str, file: Path, roi: Path) -> tuple:
    volume = read_volume(file)
    inside = read_volume(roi).array > 0
    name, seen, picture, _, row = scored(case, "t1ce alone", {"t1ce": volume}, None)
    row["ROI inside"] = f"{np.count_nonzero(inside & picture[1]) / inside.sum():.3f}"
    return name, seen, picture, inside, row


def scored(case: str, seen: str, volumes: dict[str, Volume], reference) -> tuple:
    began = perf_counter()
    brain = extract_brain(volumes)
    row = numbers(brain.mask, brain.grid, reference, perf_counter() - began)
    row["verdict"] = brain.step.verdict
    return case, seen, (next(iter(volumes.values())).array, brain.mask), reference, row


def numbers(mask, grid: Grid, reference, seconds: float) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(("Dice", "HD95 mm"), "")
    row["ml"] = f"{np.count_nonzero(mask) * grid.voxel_ml:.0f}"
    row |= {"reference ml": "", "ROI inside": "", "verdict": "", "s": f"{seconds:.1f}"}
    if reference is not None:
        scores = score(mask, reference, grid.spacing[::-1])
        row |= {"Dice": f"{scores.dice:.4f}", "HD95 mm": f"{scores.hd95_mm:.1f}"}
        row["reference ml"] = f"{scores.reference_ml:.0f}"
    return row


def brain_on(native: Path, stripped: Path, start) -> tuple:
    """Return the rigid way from the BraTS space to a native one, and the brain there."""
    moving = sitk.ReadImage(str(native), sitk.sitkFloat32)
    fixed = sitk.ReadImage(str(stripped), sitk.sitkFloat32)
    brain = sitk.BinaryFillhole(sitk.BinaryMorphologicalClosing(fixed != 0, [2, 2, 2]))
    way = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(50)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.05, seed=1)
    method.SetMetricFixedMask(brain)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 200, relaxationFactor=0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2.5, 1.3, 0.6])
    method.SetInitialTransform(sitk.Euler3DTransform(start) if start else way, inPlace=False)
    # The composite that comes back cannot be inverted; its one member can.
    found = sitk.Euler3DTransform(
        sitk.CompositeTransform(method.Execute(fixed, moving)).GetBackTransform()
    )
    soft = sitk.Cast(brain, sitk.sitkFloat32)
    there = sitk.Resample(soft, moving, found.GetInverse(), sitk.sitkLinear, 0.0)
    return found, sitk.GetArrayFromImage(there) >= 0.5


def image_of(volume: Volume):
    image = sitk.GetImageFromArray(volume.array.astype(np.float32))
    image.SetSpacing(volume.grid.spacing)
    image.SetOrigin(volume.grid.origin)
    image.SetDirection(volume.grid.direction)
    return image


def draw(file: Path, array, mask, reference) -> None:
    from matplotlib.figure import Figure  # noqa: PLC0415  (only with --png)

    file.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure((20, 7.5))
    panes = figure.subplots(3, 9).ravel()
    high = np.percentile(array, 99.5)
    for pane, z in zip(panes, np.linspace(0, len(array) - 1, len(panes)).astype(int), strict=True):
        pane.axis("off")
        pane.imshow(array[z], cmap="gray", vmin=array.min(), vmax=high)
        for other, colour in ((mask, "red"), (reference, "cyan")):
            if other is not None and other[z].any() and not other[z].all():
                pane.contour(other[z], [0.5], colors=colour, linewidths=0.7)
    figure.tight_layout(pad=0.1)
    figure.savefig(file, dpi=70)


if __name__ == "__main__":
    main()
