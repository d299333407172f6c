"""One training run of one arm: a row of the results file."""

from __future__ import annotations

import gc
import json
import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import machine
from torch import Tensor, nn

from comparison.arms import ARMS, build, file_bytes, parameters
from comparison.plan import Job, Size, held_out, patients_of, recipe_of
from napari_acs.imaging.metrics import dice, hd95
from napari_acs.models.networks import nested_probabilities
from napari_acs.training.cases import Case, load_cases
from napari_acs.training.loop import train
from napari_acs.training.losses import region_masks
from napari_acs.training.recipe import Recipe
from napari_acs.training.segmentation import SegmentationTask

REGIONS = ("WT", "TC", "ET")


def run_job(
    job: Job, size: Size, cache: Path, weights: Path | None, folder: Path, device: str
) -> dict[str, Any]:
    """Train one arm and judge it on the fold's held-out cases.

    A run that was killed goes on from the loop's checkpoint in ``folder``.

    Parameters
    ----------
    job : Job
    size : Size
    cache : Path
        Prepared cases at the size's spacing.
    weights : Path or None
        ImageNet weights of the encoder, see :func:`comparison.arms.build`.
    folder : Path
        The run's folder.
    device : str
        As torch names it.

    Returns
    -------
    dict
        JSON-ready. ``curve`` holds [step, wall s, CPU s, mean Dice of WT, TC, ET] of the averaged
        network at every look, time being that of training alone; ``cases`` Dice and HD95 (mm) of
        each held-out case and region at the end, in model space.
    """
    cases = load_cases(cache, size.spacing_mm)
    patients = patients_of(cases)
    judged = [case for case in cases if case.name in held_out(job, size, patients)[0]]
    recipe = recipe_of(job, size, patients)
    memory = _Memory(device)
    network = build(ARMS[job.arm], job.encoder, weights, job.seed, size.finest)
    counts = {"parameters": parameters(network), "bytes": file_bytes(network)}
    looks = folder / "curve.json"
    curve = _looked(folder, looks)
    folder.mkdir(parents=True, exist_ok=True)
    wall, cpu = curve[-1][1:3] if curve else (0.0, 0.0)
    peak: float | None = None
    average = build(ARMS[job.arm], job.encoder, weights, job.seed, size.finest).to(device)
    marks = time.perf_counter(), time.process_time()
    for step in _steps(recipe, network, cases, folder, device):
        wall += time.perf_counter() - marks[0]
        cpu += time.process_time() - marks[1]
        if step % size.every == 0 or step == size.steps:
            peak = memory.peak_mib() if peak is None else peak
            average.load_state_dict(_averaged(folder))
            means = _mean_dice(average.eval(), judged)
            curve.append([step, round(wall, 2), round(cpu, 2), *(round(m, 4) for m in means)])
            partial = folder / ".curve.json.part"
            partial.write_text(json.dumps(curve), encoding="utf-8")
            partial.replace(looks)
        marks = time.perf_counter(), time.process_time()
    average.load_state_dict(_averaged(folder))
    return {
        "key": job.key,
        **{name: getattr(job, name) for name in ("size", "encoder", "arm", "fold", "seed")},
        "rate": recipe.learning_rate,
        "steps": recipe.steps,
        "batch": recipe.batch,
        "patch": list(recipe.train_patch),
        "trained_on": len(cases) - len(recipe.exclude),
        **counts,
        "peak_mib": None if peak is None else round(peak),
        "wall_s": round(wall, 1),
        "cpu_s": round(cpu, 1),
        "curve": curve,
        "cases": {case.name: _scores(average.eval(), case) for case in judged},
        "device": _device_name(device),
        "machine": machine(),
        "commit": _commit(),
    }


def _steps(
    recipe: Recipe, network: nn.Module, cases: list[Case], run: Path, device: str
) -> Iterator[int]:
    """Train by the package's own loop; yield the steps done. The only place that knows it.

    At every look the loop has just written its checkpoint, see :func:`_averaged`.
    """
    task = SegmentationTask(recipe, cases)
    for step in train(recipe, task, network, run, device=device):
        if not math.isfinite(step.loss):
            raise FloatingPointError(f"{recipe.id}: the loss of step {step.step} is {step.loss}")
        yield step.step


def _looked(folder: Path, looks: Path) -> list[list[float]]:
    """Return the looks of a run to go on with; clear one that was killed during a look.

    How long the steps before that look took is not known any more.
    """
    curve: list[list[float]] = json.loads(looks.read_text()) if looks.exists() else []
    if (folder / "checkpoint.pt").exists():
        checkpoint = torch.load(folder / "checkpoint.pt", map_location="cpu", weights_only=True)
        if curve and curve[-1][0] == checkpoint["step"]:
            return curve
    shutil.rmtree(folder, ignore_errors=True)
    return []


def _averaged(run: Path) -> dict[str, Tensor]:
    checkpoint = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    state: dict[str, Tensor] = checkpoint["average"]
    return state


@torch.inference_mode()
def _found(network: nn.Module, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return predicted and true masks (3, z, y, x); the case is seen in one piece."""
    device = next(network.parameters()).device
    images = case.images[None].float().contiguous(memory_format=torch.channels_last_3d)
    found = nested_probabilities(network(images.to(device)))[0] > 0.5
    found &= (images.to(device) != 0).any(dim=1)  # as at prediction: nothing there, nothing found
    return found.cpu().numpy(), (region_masks(case.labels[None])[0] > 0.5).numpy()


def _mean_dice(network: nn.Module, cases: list[Case]) -> list[float]:
    scores = [[dice(a, b) for a, b in zip(*_found(network, case), strict=True)] for case in cases]
    return [float(mean) for mean in np.mean(scores, axis=0)]


def _scores(network: nn.Module, case: Case) -> dict[str, dict[str, float]]:
    spacing = (case.spacing_mm,) * 3
    return {
        region: {"dice": round(dice(a, b), 4), "hd95_mm": round(hd95(a, b, spacing), 2)}
        for region, a, b in zip(REGIONS, *_found(network, case), strict=True)
    }


class _Memory:
    """The peak over what the process held before the network was made.

    On the CPU that of resident memory (Linux), on a GPU that of torch's allocator.
    """

    def __init__(self, device: str) -> None:
        self._cuda = device.startswith("cuda")
        self._status, clear = Path("/proc/self/status"), Path("/proc/self/clear_refs")
        self._there = clear.exists()
        gc.collect()
        if self._cuda:
            torch.cuda.reset_peak_memory_stats()
            self._before = torch.cuda.memory_allocated() / 2**20
        elif self._there:
            clear.write_text("5")  # the peak starts anew
            self._before = self._field("VmRSS")

    def peak_mib(self) -> float | None:
        if self._cuda:
            return torch.cuda.max_memory_allocated() / 2**20 - self._before
        return self._field("VmHWM") - self._before if self._there else None

    def _field(self, name: str) -> float:
        lines = self._status.read_text().splitlines()
        return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device.startswith("cuda") else "cpu"


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "unknown"
