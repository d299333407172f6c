"""The seed paper's comparison: ACS with ImageNet weights against other ways to 3D.

Each run trains one arm on one fold with one seed, in a process of its own, and adds a row to
OUT/results.jsonl; what is there is not run again, so the same command goes on after an
interruption. Then the tables are printed; --docs writes them into a page, between its markers.

    python benchmarks/paper.py --size small --cache CACHE --out runs/paper-small \
        --data ../shared/data/brats2021 --data ../shared/data/brats2018-2020-8bit \
        --weights mobilenet_v2=FILE --weights squeezenet1_1=FILE
    python benchmarks/paper.py --size full ... --device cuda
    python benchmarks/paper.py --table benchmarks/results/paper-small.jsonl --docs docs/results.md
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import torch
from comparison.arms import ARMS, sizes_of
from comparison.job import run_job
from comparison.page import write_between_markers
from comparison.plan import SIZES, Job, Size, held_out, jobs, patients_of, tuning_jobs
from comparison.rows import (
    append_row,
    read_rows,
    refuse_another_kind,
    refuse_mixed,
    refuse_other_cases,
)
from comparison.table import report, size_table, tuning_report

from napari_acs.errors import BadInput
from napari_acs.training.alike import refuse_leaks
from napari_acs.training.cases import load_cases

SEQUENCES = ("t1", "t1ce", "t2", "flair")
SIZED = (
    "squeezenet1_1",
    "mobilenet_v2",
    "efficientnet_b0",
    "resnet18",
    "resnet50",
    "densenet121",
    "vgg11",
)
"""Encoders of the table of sizes; only two of them are trained."""


def main() -> None:
    args = _arguments()
    size = _size(args)
    if args.sizes:
        text = size_table({encoder: sizes_of(encoder) for encoder in SIZED})
        print(text)
        if args.docs:
            write_between_markers(args.docs, "paper-sizes", text)
        return
    if args.table is None:
        if args.cache is None:
            print("paper.py: skipped, it takes hours; it starts where --cache names a folder")
            return
        if args.data:
            _prepare(args.data, args.cache, size)
        _all(tuning_jobs(size) if args.tune else jobs(size), size, args)
    rows = read_rows(args.table or args.out / "results.jsonl")
    if args.tune:
        print(tuning_report(rows))
        return
    refuse_mixed(rows)
    text = report([row for row in rows if not row.get("trial")])
    print(text)
    if args.docs:
        write_between_markers(args.docs, f"paper-{size.name}", text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--cache", type=Path, help="prepared cases, at the size's spacing")
    parser.add_argument(
        "--data", type=Path, action="append", help="folders of cases to prepare into --cache first"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/paper"))
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="ENCODER=FILE",
        help="ImageNet weights; left out, torchvision's own are downloaded",
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--encoders", nargs="+", help="instead of the size's")
    parser.add_argument("--steps", type=int, help="instead of the size's")
    parser.add_argument("--tune", action="store_true", help="only the trials of learning rates")
    parser.add_argument("--sizes", action="store_true", help="only the parameters of many encoders")
    parser.add_argument("--table", type=Path, help="train nothing: the tables of this results file")
    parser.add_argument("--docs", type=Path, help="page whose table is to be replaced")
    return parser.parse_args()


def _prepare(data: list[Path], cache: Path, size: Size) -> None:
    """Write the cases into the cache; those that are there are kept."""
    from napari_acs.training.prepare import prepare  # noqa: PLC0415 - a cache needs no SimpleITK

    for name, done, total in prepare(data, cache, SEQUENCES, size.spacing_mm, phantoms=False):
        print(f"{name}: {done} of {total} prepared", flush=True)


def _size(args: argparse.Namespace) -> Size:
    size = SIZES[args.size]
    steps = args.steps or size.steps
    encoders = tuple(args.encoders or size.encoders)
    # Of a trial, only the end counts.
    every = steps if args.tune else min(size.every, steps)
    return dataclasses.replace(size, steps=steps, every=every, encoders=encoders)


def _all(todo: list[Job], size: Size, args: argparse.Namespace) -> None:
    """Run what the results file lacks, each in a process of its own (its memory is measured)."""
    results = args.out / "results.jsonl"
    results.parent.mkdir(parents=True, exist_ok=True)
    done = {row["key"]: row for row in read_rows(results)}
    _refuse_unlike(todo, done, size, args.cache)
    failed = []
    for number, job in enumerate(todo, start=1):
        if job.key in done:
            continue
        folder = args.out / "runs" / job.key
        row = folder / "row.json"
        if run_apart(job, size, args) or not row.exists():
            failed.append(job.key)
            print(f"{number}/{len(todo)} {job.key} failed", flush=True)
            continue
        append_row(results, row.read_text(encoding="utf-8"))
        shutil.rmtree(folder)
        last = read_rows(results)[-1]
        scores = ", ".join(f"{value:.3f}" for value in last["curve"][-1][3:])
        print(
            f"{number}/{len(todo)} {job.key}: WT, TC, ET {scores} in {last['cpu_s']:.0f} s of CPU",
            flush=True,
        )
    if failed:
        raise SystemExit(f"{len(failed)} runs failed: {', '.join(failed)}")


def _refuse_unlike(
    todo: list[Job], done: dict[str, dict[str, Any]], size: Size, cache: Path
) -> None:
    """Refuse what would make no comparison, before anything is trained.

    Raises
    ------
    SystemExit
        One head, or one patient, is on both sides of a fold; or a run that is there is of other
        settings or cases than those that are asked for now.
    """
    try:
        cases = load_cases(cache, size.spacing_mm)
        patients = patients_of(cases)
        for judged, apart in {held_out(job, size, patients) for job in todo}:
            kept = [case for case in cases if case.name in judged or case.name not in apart]
            refuse_leaks(kept, judged)
    except BadInput as fault:
        raise SystemExit(fault.sentence()) from fault
    for job in todo:
        if job.key in done:
            same = {"steps": size.steps, "batch": size.batch, "patch": size.patch}
            refuse_another_kind(done[job.key], **same, rate=job.rate or size.rate)
            refuse_other_cases(done[job.key], held_out(job, size, patients)[0], "the cache")


def run_apart(job: Job, size: Size, args: argparse.Namespace) -> int:
    """Run a job in a fresh process, forked from one that has torch loaded; return its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["comparison.job"])
    process = context.Process(target=_one, args=(job, size, args))
    process.start()
    process.join()
    return process.exitcode or 0


def _one(job: Job, size: Size, args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    files = dict(pair.split("=", 1) for pair in args.weights)
    weights = Path(files[job.encoder]) if job.encoder in files else None
    folder = args.out / "runs" / job.key
    row = run_job(job, size, args.cache, weights, folder, args.device)
    row["trial"] = job.rate is not None
    given = weights.name if weights else "torchvision"
    row["weights"] = given if ARMS[job.arm].pretrained else "none"
    partial = folder / ".row.json.part"
    partial.write_text(json.dumps(row), encoding="utf-8")
    partial.replace(folder / "row.json")


if __name__ == "__main__":
    main()
