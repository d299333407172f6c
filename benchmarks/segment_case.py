"""One study from memory to mask, stage by stage: our job against MONAI's sliding window.

    python benchmarks/segment_case.py [--case DIR] [--rounds N] [--segresnet] [--json OUT]

The routes run in one process, interleaved, after a round to warm up. The MONAI route is what its
users write: resample the whole volume to model space, run ``SlidingWindowInferer`` (Gaussian,
overlap 0.5) with the same network, resample back, ``argmax``. Ours is ``napari_acs.segment``.
``--segresnet`` adds one run of MONAI's own way with a SegResNet of its BraTS bundle's shape (random
weights, 1 mm, windows of 128^3 over the whole volume): its time does not depend on the weights.
"Peak" is what a run adds to the process's resident memory.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import SimpleITK as sitk
import torch
from measure import interleaved, machine, peak_extra_mib, write
from monai.inferers import SlidingWindowInferer
from monai.networks.nets import SegResNet
from monai.transforms import NormalizeIntensity

from napari_acs.imaging import normalise, read_study, sample_study
from napari_acs.inference import segment
from napari_acs.models import default_bundle_id, load_bundle

PREPARE, INFERENCE, FINISH = STAGES = ("prepare", "inference", "finish")
Stages = dict[str, float]


class Clock:
    """Seconds of the stages of one run."""

    def __init__(self) -> None:
        self.seconds: Stages = {}
        self._start = perf_counter()

    def lap(self, stage: str) -> None:
        """Book the time since the last lap on a stage."""
        now = perf_counter()
        self.seconds[stage] = now - self._start
        self._start = now


def ours(study, bundle) -> tuple[np.ndarray, Stages]:
    made = segment(study, bundle, device="cpu")
    return made.labels, dict(made.seconds)


def monai_route(study, bundle) -> tuple[np.ndarray, Stages]:
    clock, spec, images = Clock(), bundle.spec.input, []
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
    clock.lap(PREPARE)
    inferer = SlidingWindowInferer(spec.patch, overlap=0.5, mode="gaussian")
    with torch.inference_mode():
        x = torch.from_numpy(np.stack(small))[None]
        p = inferer(x, lambda w: bundle.probabilities(network(w)))[0].numpy()
    clock.lap(INFERENCE)
    full = []
    for region in p:
        image = sitk.GetImageFromArray(region)
        image.CopyInformation(coarse)
        full.append(sitk.GetArrayFromImage(sitk.Resample(image, reference)))
    wt, tc, et = full
    labels = np.argmax(np.stack([1 - wt, tc - et, wt - tc, et]), axis=0).astype(np.uint8)
    clock.lap(FINISH)
    return labels, clock.seconds


def segresnet_route(study) -> tuple[np.ndarray, Stages]:
    clock = Clock()
    network = SegResNet(
        init_filters=16,
        blocks_down=[1, 2, 2, 4],
        blocks_up=[1, 1, 1],
        in_channels=4,
        out_channels=3,
    ).eval()
    volumes = [study.sequences[name].array for name in ("t1ce", "t1", "t2", "flair")]
    scaled = NormalizeIntensity(nonzero=True, channel_wise=True)(np.stack(volumes))
    x = torch.as_tensor(scaled, dtype=torch.float32)[None]
    clock.lap(PREPARE)
    inferer = SlidingWindowInferer((128, 128, 128), overlap=0.5, mode="gaussian")
    with torch.inference_mode():
        tc, wt, et = inferer(x, lambda window: network(window).sigmoid())[0].numpy() > 0.5
    clock.lap(INFERENCE)
    labels = np.select([et, tc, wt], [3, 1, 2], 0).astype(np.uint8)
    clock.lap(FINISH)
    return labels, clock.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", type=Path, help="a study folder; left out: the sample")
    parser.add_argument("--model", default=None)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--segresnet", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    study = read_study(args.case) if args.case else sample_study()
    bundle = load_bundle(args.model or default_bundle_id())
    seen: dict[str, list[tuple[np.ndarray, Stages]]] = {}

    def noted(name: str, route: Callable[[], tuple[np.ndarray, Stages]]) -> Callable[[], None]:
        return lambda: seen.setdefault(name, []).append(route())

    routes = {
        "napari-acs": lambda: ours(study, bundle),
        "MONAI sliding window, same network": lambda: monai_route(study, bundle),
    }
    times = interleaved({name: noted(name, route) for name, route in routes.items()}, args.rounds)
    peaks = {name: peak_extra_mib(route) for name, route in routes.items()}
    mine, theirs = (runs[-1][0] > 0 for runs in seen.values())
    stages = {
        name: {s: statistics.median(run[1][s] for run in runs[1:]) for s in STAGES}
        for name, runs in seen.items()
    }
    total = {name: times.median_ms(name) / 1e3 for name in routes}
    if args.segresnet:
        name = "MONAI SegResNet at 1 mm, once"
        start = perf_counter()
        _, stages[name] = segresnet_route(study)
        total[name] = perf_counter() - start
        peaks[name] = None
    print(f"{study.name}, {bundle.spec.id}; {machine()}\n")
    print("| route | whole s |", " | ".join(f"{s} s" for s in STAGES), "| peak MiB |")
    print("| --- |" + " ---: |" * 5)
    rows: list[dict[str, object]] = []
    for name, parts in stages.items():
        peak = f"{peaks[name]:.0f}" if peaks[name] is not None else ""
        cells = " | ".join(f"{parts[s]:.2f}" for s in STAGES)
        print(f"| {name} | {total[name]:.2f} | {cells} | {peak} |")
        rows.append({"route": name, "whole_s": total[name], **parts, "peak_mib": peaks[name]})
    middle, low, high = times.ratio(*routes)
    dice = float(2 * (mine & theirs).sum() / (mine.sum() + theirs.sum()))
    print(f"\nratio {middle:.2f} ({low:.2f}-{high:.2f}); Dice between the two WT masks {dice:.3f}")
    write(rows, args.json)


if __name__ == "__main__":
    main()
