"""One study from memory to mask: our job against MONAI's sliding window round the same network.

    python benchmarks/segment_case.py [--case DIR] [--repeat N] [--segresnet] [--json OUT]

Both routes run in one process, interleaved. The MONAI route is what its users write: resample
the whole volume to model space, run ``SlidingWindowInferer`` (Gaussian, overlap 0.5) over it,
resample back, threshold, ``argmax``. Ours is ``napari_acs.inference.run``. Prints a table of
median seconds with the range, the ratio, our stages, and the machine. With ``--segresnet``, once,
the inference of a MONAI SegResNet of the BraTS bundle's shape (random weights, 1 mm, windows of
128^3) beside it.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from pathlib import Path
from time import perf_counter

import numpy as np
import SimpleITK as sitk
import torch
from monai.inferers import SlidingWindowInferer
from monai.networks.nets import SegResNet

from napari_acs.imaging import normalise, read_study, sample_study, to_model_space
from napari_acs.inference import segment
from napari_acs.models import default_bundle_id, load_bundle


def monai_route(study, bundle):
    spec = bundle.spec.input
    images = []
    for channel in spec.channels:
        volume = study.sequences[channel.name]
        scaled = normalise(volume.array, volume.array != 0)
        image = sitk.GetImageFromArray(scaled)
        image.SetSpacing(volume.grid.spacing)
        images.append(image)
    reference = images[0]
    size = [
        round(n * s / t)
        for n, s, t in zip(
            reference.GetSize(), reference.GetSpacing(), spec.spacing_mm, strict=True
        )
    ]
    coarse = sitk.Image(size, sitk.sitkFloat32)
    coarse.SetSpacing(spec.spacing_mm)
    small = [sitk.GetArrayFromImage(sitk.Resample(i, coarse)) for i in images]
    network = bundle.network()
    inferer = SlidingWindowInferer(spec.patch, overlap=0.5, mode="gaussian")
    with torch.inference_mode():
        x = torch.from_numpy(np.stack(small))[None]
        p = inferer(x, lambda w: bundle.probabilities(network(w)))[0].numpy()
    full = []
    for region in p:
        image = sitk.GetImageFromArray(region)
        image.CopyInformation(coarse)
        full.append(sitk.GetArrayFromImage(sitk.Resample(image, reference)))
    wt, tc, et = full
    return np.argmax(np.stack([1 - wt, tc - et, wt - tc, et]), axis=0).astype(np.uint8)


def segresnet_seconds(study) -> tuple[float, int]:
    """Time the forward passes of the BraTS bundle's network over the brain's box, once."""
    network = SegResNet(
        init_filters=16,
        blocks_down=[1, 2, 2, 4],
        blocks_up=[1, 1, 1],
        in_channels=4,
        out_channels=3,
    ).eval()
    image = to_model_space(study, ("t1ce", "t1", "t2", "flair"), (1.0, 1.0, 1.0)).array
    windows = 0

    def forward(window):
        nonlocal windows
        windows += len(window)
        return network(window).sigmoid()

    inferer = SlidingWindowInferer((128, 128, 128), overlap=0.5, mode="gaussian")
    start = perf_counter()
    with torch.inference_mode():
        inferer(torch.from_numpy(image)[None], forward)
    return perf_counter() - start, windows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", type=Path, help="a study folder; left out: the sample")
    parser.add_argument("--model", default=None)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--segresnet", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    study = read_study(args.case) if args.case else sample_study()
    bundle = load_bundle(args.model or default_bundle_id())
    stages: dict[str, list[float]] = {}

    def ours():
        made = segment(study, bundle, device="cpu")
        for stage, seconds in made.seconds.items():
            stages.setdefault(stage, []).append(seconds)
        return made.labels

    routes = {
        "napari-acs": ours,
        "MONAI sliding window": lambda: monai_route(study, bundle),
    }
    masks = {name: route() for name, route in routes.items()}  # warm-up
    stages.clear()
    times: dict[str, list[float]] = {name: [] for name in routes}
    for _ in range(args.repeat):
        for name, route in routes.items():
            start = perf_counter()
            route()
            times[name].append(perf_counter() - start)
    mine, theirs = (m > 0 for m in masks.values())
    ratios = [a / b for a, b in zip(*times.values(), strict=True)]
    record = {
        "study": study.name,
        "model": bundle.spec.id,
        "machine": f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} "
        f"threads, torch {torch.__version__}",
        "seconds": times,
        "stages": stages,
        "ratio": {"median": statistics.median(ratios), "range": [min(ratios), max(ratios)]},
        "dice_between_the_two_WT": float(2 * (mine & theirs).sum() / (mine.sum() + theirs.sum())),
    }
    print(f"{study.name}, {bundle.spec.id}; {record['machine']}\n")
    print("| route | median s | range s |\n| --- | ---: | ---: |")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"| {name} | {median:.2f} | {min(values):.2f}-{max(values):.2f} |")
    low, high = record["ratio"]["range"]
    print(f"\nratio {record['ratio']['median']:.2f} ({low:.2f}-{high:.2f}); ", end="")
    print(f"Dice between the two WT masks {record['dice_between_the_two_WT']:.3f}")
    for stage, values in stages.items():
        print(f"{stage}: {statistics.median(values):.2f} s")
    if args.segresnet:
        record["segresnet_inference_seconds"], windows = segresnet_seconds(study)
        print(f"SegResNet, {windows} windows: {record['segresnet_inference_seconds']:.1f} s")
    if args.json:
        args.json.write_text(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
