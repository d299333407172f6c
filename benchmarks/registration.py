"""Registration on real heads: seconds, millimetres, and whether the verdict can be trusted.

    python benchmarks/registration.py [--data DIR] [--cases N] [--full] [--json OUT]

Four tables. (1) The native sequences of TCGA-FG-6692 (oblique 0.9 x 0.9 x 5.5 mm slices)
aligned to T1ce and to FLAIR. The truth is the same patient in ``brats_space``, where others
registered the four sequences: each native sequence is registered to its own twin there (within
one modality, over the brain, at 1 mm), and two such transforms make the truth between two
sequences. The truth's own error, mainly that of others' registration of 5.5 mm slices, is some
tenths of a millimetre to about 1 mm, and is part of every number. (2) Capture range: known
rigid moves of the header, of one native pair and one of BraTS; ``--full`` takes two of each. (3)
Mirrored heads and heads of another patient, which no verdict may call good; and co-registered
pairs of BraTS, which must stay where they are. (4) How `resample` interpolates thick
slices, beside other interpolators: `interpolation.py`.
"""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import SimpleITK as sitk
from interpolation import image, resampling_rows, resampling_summary

from napari_acs.imaging import Grid, Volume, lps_grid, read_volume, to_lps
from napari_acs.imaging.registration.align import align
from napari_acs.imaging.registration.likeness import level
from napari_acs.imaging.registration.register import register
from napari_acs.imaging.registration.rigid import refine

NATIVE = {"t1": "*_t1", "t1ce": "*_t1c", "t2": "*_t2", "flair": "*_fla"}
TWIN = {"t1": "*_t1_bet", "t1ce": "*_t1c_bet", "t2": "*_t2_bet", "flair": "*_fla_bet"}
MOVES = [(5, 0), (10, 0), (20, 0), (40, 0), (0, 5), (0, 15), (0, 30), (20, 15), (40, 30)]


def read(folder, patterns):
    return {key: read_volume(next(folder.glob(f"{p}.nii.gz"))) for key, p in patterns.items()}


def brats(folder):
    return read(folder, {key: f"*_{key}" for key in ("t1", "t1ce", "t2", "flair")})


def through(points, matrix):
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def error(points, found, truth):
    return np.linalg.norm(through(points, found) - through(points, truth), axis=1)


def head(volume):
    inside = volume.array > np.percentile(volume.array, 60)
    return volume.grid.index_to_point(np.argwhere(inside)[::997, ::-1])


def truths(native, twins):
    """Return, by sequence, the matrix from ``brats_space`` to the native image."""
    found = {}
    for key, twin in twins.items():
        matrix = register(twin, native[key]).matrix
        fixed, moving = level(image(twin), 1.0, 0.0), level(image(native[key]), 1.0, 0.0)
        finer = refine(
            fixed.image, moving.image, matrix, fixed.centre, 0.5, mask=fixed.rim, samples=200_000
        )
        found[key] = finer[0]
    return found


def move(volume, mm, degrees, rng):
    """Turn about the head's middle and shift, both in a random direction; header only."""
    axis, way = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
    turn = sitk.VersorRigid3DTransform()
    turn.SetCenter(volume.grid.corners().mean(axis=0).tolist())
    turn.SetRotation(axis.tolist(), np.radians(degrees))
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(turn.GetMatrix(), (3, 3))
    matrix[:3, 3] = np.asarray(turn.TransformPoint((0.0, 0.0, 0.0))) + way * mm
    affine = matrix @ volume.grid.affine
    direction = affine[:3, :3] / np.asarray(volume.grid.spacing)
    grid = Grid(volume.grid.size, volume.grid.spacing, affine[:3, 3], tuple(direction.ravel()))
    return replace(volume, grid=grid), matrix


def mirrored(volume):
    array = to_lps(volume.array, volume.grid)[..., ::-1]
    return Volume(np.ascontiguousarray(array), lps_grid(volume.grid))


def native_table(native, truth, points):
    rows = []
    for reference in ("t1ce", "flair"):
        for key in [key for key in native if key != reference]:
            pair = {reference: native[reference], key: native[key]}
            start, cpu = perf_counter(), process_time()
            done = align(pair, reference)
            seconds, cpu = perf_counter() - start, process_time() - cpu
            found = done.alignments[key]
            true = truth[key] @ np.linalg.inv(truth[reference])
            here = through(points, truth[reference])
            before, after = error(here, np.eye(4), true), error(here, found.matrix, true)
            rows.append({
                "table": "native", "case": f"{key} to {reference}",
                "seconds": seconds, "cpu_s": cpu,
                "before_mm": float(before.mean()), "before_max": float(before.max()),
                "mm": float(after.mean()), "max_mm": float(after.max()),
                "nmi_before": found.metric_before, "nmi": found.metric_after,
                "verdict": found.verdict, "coverage": done.coverage[key],
            })  # fmt: skip
            show(rows[-1])
    return rows


def row(table, case, fixed, moving, truth):
    start, cpu = perf_counter(), process_time()
    found = register(fixed, moving)
    mm = None if truth is None else float(error(head(fixed), found.matrix, truth).mean())
    seen = found.evidence
    done = {
        "table": table, "case": case, "seconds": perf_counter() - start,
        "cpu_s": process_time() - cpu, "mm": mm,
        "verdict": found.verdict, "kept": found.kept, "nmi": found.metric_after,
        "mirror": seen.mirror_ratio if seen else None,
        "flatness": seen.flatness if seen else None,
        "back_mm": seen.consistency_mm if seen else None, "dice": seen.dice if seen else None,
    }  # fmt: skip
    show(done)
    return done


def show(done):
    cells = [f"{v:.3f}" if isinstance(v, float) else "" if v is None else v for v in done.values()]
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def header(*names):
    print("\n| table |", " | ".join(names), "|")
    print("| --- | ---" + " | ---:" * (len(names) - 1) + " |", flush=True)


def ranges(rows):
    """Return the range of each measure that verdicts rest on, by what the heads were."""
    kinds = {"right": [r for r in rows if r["mm"] is not None and r["mm"] < 2 and "mirror" in r]}
    kinds |= {name: [r for r in rows if r["table"] == name] for name in ("mirrored", "wrong")}
    said = {}
    for key in ("mirror", "flatness", "nmi", "dice", "back_mm"):
        for kind, those in kinds.items():
            values = [r[key] for r in those if r.get(key) is not None]
            if values:
                text = f"{min(values):.2f} - {max(values):.2f}"
                said[f"{key}, {kind} ({len(values)})"] = text
    return said


def capture_table(cases, rng):
    rows = []
    for name, fixed, moving, truth in cases:
        for mm, degrees in MOVES:
            placed, moved = move(moving, mm, degrees, rng)
            case = f"{name} + {mm} mm, {degrees} deg"
            rows.append(row("capture", case, fixed, placed, moved @ truth))
    return rows


def trap_table(native, studies):
    rows = []
    for a, b in (("t1ce", "t2"), ("t1ce", "flair"), ("flair", "t1"), ("t1", "t1ce")):
        rows.append(row("mirrored", f"{b} to {a}", native[a], mirrored(native[b]), None))
    for (one, study), (two, other) in pairwise(studies.items()):
        for key in ("t1", "t2", "flair"):
            rows.append(row("same", f"{one} {key}", study["t1ce"], study[key], np.eye(4)))
        rows.append(row("mirrored", f"{one} t2", study["t1ce"], mirrored(study["t2"]), None))
        rows.append(row("wrong", f"{two} t1 to {one}", study["t1ce"], other["t1"], None))
        rows.append(row("wrong", f"{two} flair to {one}", study["t1ce"], other["flair"], None))
    return rows


def summary(rows):
    known = [r for r in rows if r["mm"] is not None]
    bad = [r for r in rows if r["table"] in {"mirrored", "wrong"}]
    same = [r for r in rows if r["table"] == "same"]
    close = [r for r in known if r["mm"] < 1]
    return {
        "good, but over 2 mm off": sum(r["mm"] > 2 and r["verdict"] == "good" for r in known),
        "of known": len(known),
        "not good, but within 1 mm": sum(r["verdict"] != "good" for r in close),
        "of within 1 mm": len(close),
        "mirrored or wrong called good": sum(r["verdict"] == "good" for r in bad),
        "of mirrored or wrong": len(bad),
        "co-registered and moved": sum(not r["kept"] for r in same),
        "of co-registered": len(same),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=shared)
    parser.add_argument("--cases", type=int, default=5, help="studies of BraTS (5)")
    parser.add_argument("--full", action="store_true", help="twice as many cases of tables 2 and 4")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    folder = args.data / "tcga-lgg-native" / "TCGA-FG-6692"
    if not folder.is_dir():
        print(f"Skipped: the real cases are not at {args.data} (--data names the folder)")
        return
    native, twins = read(folder, NATIVE), read(folder / "brats_space", TWIN)
    truth = truths(native, twins)
    brain = np.logical_and.reduce([twin.array != 0 for twin in twins.values()])
    points = twins["t1"].grid.index_to_point(np.argwhere(brain)[::997, ::-1])
    folders = sorted((args.data / "brats2021").glob("BraTS*"))[: args.cases]
    studies = {f.name: brats(f) for f in folders}
    header("case", "s", "cpu s", "mm before", "most", "mm", "most", "NMI before", "NMI", "verdict",
           "coverage")  # fmt: skip
    rows = native_table(native, truth, points)
    rng = np.random.default_rng(0)
    header(
        "case", "s", "cpu s", "mm", "verdict", "kept", "NMI", "mirror", "flat", "back mm", "Dice"
    )
    rows += trap_table(native, studies)
    back = np.linalg.inv(truth["t1ce"])
    cases = [
        (f"TCGA {key} to t1ce", native["t1ce"], native[key], truth[key] @ back)
        for key in ("t2", "flair")
    ][: 2 if args.full else 1]
    cases += [(f"{n} flair", s["t1ce"], s["flair"], np.eye(4)) for n, s in studies.items()][
        : 2 if args.full else 1
    ]
    rows += capture_table(cases, rng)
    header("case", "by", "rms / spread", "s / Mvoxel")
    some = dict(list(studies.items())[: 4 if args.full else 2])
    blurred = []
    for row_of in resampling_rows(some, ("t1", "t2", "flair") if args.full else ("t1", "flair")):
        show(row_of)
        blurred.append(row_of)
    said = {**summary(rows), **ranges(rows), **resampling_summary(blurred)}
    print()
    for name, what in said.items():
        print(f"{name}: {what}")
    machine = (
        f"{platform.processor() or platform.machine()}, SimpleITK {sitk.Version_VersionString()}"
    )
    print(machine)
    if args.json:
        text = json.dumps({"machine": machine, "rows": rows + blurred, "summary": said}, indent=1)
        args.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
