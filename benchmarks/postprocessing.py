"""What post-processing, flips and the ensemble are worth, under cross-validation.

python benchmarks/postprocessing.py --member BUNDLE --member BUNDLE ... --data DIR ... --work DIR
    [--flips] [--time CASE] [--cases A,B] [--json OUT]

Each BUNDLE names in its model.json what it never saw (``training.held_out``; an ensemble:
``training.members``; see `napari_acs.training.assembling`), and every case is predicted by those
alone. Probability maps are kept in --work: what was done once is not done again.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from measure import machine, write

from napari_acs.errors import BadInput
from napari_acs.imaging import read_study
from napari_acs.imaging.metrics import DEFINITIONS, score
from napari_acs.inference import Failure, Result, run
from napari_acs.inference.maps import RegionMaps
from napari_acs.inference.reference import REGIONS, find_cases, find_mask, read_reference
from napari_acs.models import Bundle, load_bundle, save_bundle
from napari_acs.models.cross_validation import unseen
from napari_acs.models.ensemble import ACSUNetEnsemble
from napari_acs.models.spec import BundleSpec, Region
from napari_acs.training.postprocessing import (
    Predicted,
    choose,
    choose_nested,
    plain,
    predicted_masks,
)

LIMITLESS = {"minimum_ml": 0.0, "smallest_part_ml": 0.0}
Rows = list[dict[str, object]]


@dataclass(frozen=True)
class Judged:
    """A case, its network's cached maps, and the spacing of its grid, (z, y, x) in mm."""

    predicted: Predicted
    spacing: tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--member", action="append", required=True, help="may be given again")
    parser.add_argument("--data", type=Path, action="extend", nargs="+", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cases", default="", help="names; left out: all that are held out")
    parser.add_argument("--flips", action="store_true", help="also with test-time flips")
    parser.add_argument("--time", type=Path, help="a case folder to time the ensemble on")
    parser.add_argument("--json", type=Path)
    if len(sys.argv) == 1:  # `make bench` runs all scripts; this one needs bundles and data
        parser.print_help()
        return
    args = parser.parse_args()
    members = [load_bundle(member) for member in args.member]
    folders = find_cases(args.data, [name for name in args.cases.split(",") if name])
    regions = members[0].spec.output.regions
    print(f"{machine()}\n{', '.join(f'{b.spec.id} {b.sha256[:8]}' for b in members)}\n")
    rows: Rows = []
    for flips in (False, True) if args.flips else (False,):
        how = "with flips" if flips else "without flips"
        cases = [
            case
            for folder in folders
            if (case := judged(folder, members, args.work, flips=flips)) is not None
        ]
        print(f"\n{len(cases)} cases {how}\n", flush=True)
        rows += compare(cases, regions, how)
    if args.time:
        rows += timed(members, args.time)
    print("\n" + "\n".join(f"{name}: {text}" for name, text in DEFINITIONS.items()))
    write(rows, args.json)


def judged(folder: Path, members: Sequence[Bundle], work: Path, *, flips: bool) -> Judged | None:
    """Predict a case by the members that never saw it, or take the maps from the work folder."""
    judges: list[Bundle] = []
    for member in members:
        try:
            judges.append(unseen(member, folder.name))
        except BadInput:
            continue
    if not judges:
        print(f"{folder.name}: left out, every member saw it", flush=True)
        return None
    fold = "+".join(f"{j.sha256[:12]}{''.join(f'.{m}' for m in j.members)}" for j in judges)
    place = work / ("flips" if flips else "plain") / fold
    file = place / f"{folder.name}.npz"
    if not file.exists():
        place.mkdir(parents=True, exist_ok=True)
        start = perf_counter()
        keep(file, folder, judges, flips=flips)
        print(f"{folder.name}: {perf_counter() - start:.1f} s", flush=True)
    with np.load(file, allow_pickle=False) as kept:
        z, y, x = (slice(int(a), int(b)) for a, b in kept["box"])
        shape = (int(kept["shape"][0]), int(kept["shape"][1]), int(kept["shape"][2]))
        spacing = tuple(kept["spacing"].tolist())
        voxel_ml = float(np.prod(spacing)) / 1000
        maps = RegionMaps(REGIONS, kept["values"], (z, y, x), shape, voxel_ml)
        truth = dict(zip(REGIONS, kept["truth"], strict=True))
    return Judged(Predicted(folder.name, fold, maps, truth), spacing)


def keep(file: Path, folder: Path, judges: Sequence[Bundle], *, flips: bool) -> None:
    """Predict a case and write its maps and its reference; the file appears whole."""
    study = read_study(folder)
    reference = read_reference(find_mask(folder), study.grid)
    # The limits of a bundle that ships must not hide what is chosen from; nor may an empty mask.
    bare = [replace(judge, spec=without_limits(judge)) for judge in judges]
    end = list(run(study, bare[0], device="cpu", others=bare[1:], flips=flips))[-1]
    z, y, x = study.grid.shape
    values, box = np.zeros((len(REGIONS), 1, 1, 1), np.float16), ((0, 1),) * 3
    if isinstance(end, Result):
        maps = end.segmentation.probabilities
        assert maps is not None
        values, box = maps.values, tuple((side.start, side.stop) for side in maps.box)
    elif not (isinstance(end, Failure) and end.kind == "empty"):
        raise SystemExit(f"{folder.name}: {end.sentence() if isinstance(end, Failure) else end}")
    partial = file.with_name(f".{file.name}.part")
    with partial.open("wb") as stream:
        np.savez_compressed(
            stream,
            values=values,
            box=np.array(box),
            shape=np.array((z, y, x)),
            spacing=np.array(study.grid.spacing[::-1]),
            truth=np.stack([reference[name] for name in REGIONS]),
        )
    partial.replace(file)


def without_limits(bundle: Bundle) -> BundleSpec:
    """Return the spec of a bundle with low thresholds and no limits: all that it says is kept."""
    output = bundle.spec.output
    bare = [r.model_copy(update={"threshold": 0.02, **LIMITLESS}) for r in output.regions]
    return bundle.spec.model_copy(
        update={"output": output.model_copy(update={"regions": tuple(bare)})}
    )


def compare(cases: Sequence[Judged], regions: Sequence[Region], how: str) -> Rows:
    """Print and return the scores as they are, chosen honestly, and chosen on the cases scored."""
    everything = [case.predicted for case in cases]
    start = perf_counter()
    at_last = choose(everything, regions)
    ways: dict[str, Mapping[str, Sequence[Region]]] = {
        "plain (0.5, nothing given up)": dict.fromkeys(folds(cases), plain(regions)),
    }
    if len(folds(cases)) > 1:
        nested = choose_nested(everything, regions)
        ways["honest: chosen on the other folds"] = nested
        for fold, chosen in nested.items():
            print(f"without fold {fold[:20]}: {said(chosen)}")
    ways["optimistic: chosen on these very cases"] = dict.fromkeys(folds(cases), at_last)
    print(f"on all cases: {said(at_last)}  ({perf_counter() - start:.0f} s)\n")
    print("| |" + "".join(f" {r} Dice | {r} HD95 mm |" for r in REGIONS))
    print("| --- |" + " ---: |" * 2 * len(REGIONS))
    rows: Rows = []
    for way, by_fold in ways.items():
        scores = {case.predicted.case: scored(case, by_fold) for case in cases}
        cells = ""
        means: dict[str, dict[str, float]] = {}
        for name in REGIONS:
            means[name] = {
                metric: statistics.fmean(each[name][metric] for each in scores.values())
                for metric in ("dice", "hd95_mm")
            }
            cells += f" {means[name]['dice']:.4f} | {means[name]['hd95_mm']:.1f} |"
        print(f"| {way} |{cells}", flush=True)
        chosen = {fold: [r.model_dump() for r in by_fold[fold]] for fold in by_fold}
        rows.append({"how": how, "way": way, "mean": means, "cases": scores, "regions": chosen})
    return rows


def folds(cases: Sequence[Judged]) -> list[str]:
    return sorted({case.predicted.fold for case in cases})


def scored(case: Judged, by_fold: Mapping[str, Sequence[Region]]) -> dict[str, dict[str, float]]:
    masks, truth = predicted_masks(case.predicted, by_fold[case.predicted.fold])
    scores = {name: score(masks[name], truth[name], case.spacing) for name in REGIONS}
    return {name: {"dice": s.dice, "hd95_mm": s.hd95_mm} for name, s in scores.items()}


def said(regions: Sequence[Region]) -> str:
    return "; ".join(
        f"{r.name} at {r.threshold:g}, parts from {r.smallest_part_ml:g} ml, "
        f"in all from {r.minimum_ml:g} ml"
        for r in regions
    )


def timed(members: Sequence[Bundle], folder: Path) -> Rows:
    """Time one member and the ensemble of all, in half precision, on one case; sizes on disk."""
    study = read_study(folder)
    arguments = [member.spec.architecture.arguments for member in members]
    first = members[0].spec
    both = ACSUNetEnsemble(arguments, len(first.input.channels), first.output.channel_count)
    for place, member in zip(both.members, members, strict=True):
        place.load_state_dict(member.network().state_dict())
    architecture = {"name": "acs-unet-ensemble", "arguments": {"members": arguments}}
    fields = first.model_dump(mode="json", exclude={"weights"}) | {"architecture": architecture}
    rows: Rows = []
    print(f"\n{folder.name}, {torch.get_num_threads()} threads\n\n| | MB | s | s with flips |")
    print("| --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as temporary:
        whole = save_bundle(Path(temporary) / "ensemble", fields, both, half=True)
        for name, bundle in (("one network", members[0]), (f"all {len(members)}", whole)):
            seconds = {}
            for flips in (False, True):
                list(run(study, bundle, device="cpu", flips=flips))  # its layers are planned
                start = perf_counter()
                list(run(study, bundle, device="cpu", flips=flips))
                seconds[flips] = perf_counter() - start
            size = bundle.spec.weights.size_bytes / 1e6
            print(f"| {name} | {size:.1f} | {seconds[False]:.1f} | {seconds[True]:.1f} |")
            rows.append({"name": name, "mb": size, "s": seconds[False], "s_flips": seconds[True]})
    return rows


if __name__ == "__main__":
    main()
