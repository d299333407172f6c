"""Kill -9 during training, ten times at random moments, and go on each time.

    python benchmarks/kill_training.py [--kills 10] [--steps 40] [--seed 0]

A tiny segmentation model is trained from six drawn cases by ``napari-acs train``, once undisturbed
and once with the process killed again and again: while it starts, trains, writes a checkpoint or
publishes. After every kill the newest checkpoint must be readable and no older than the one before,
and there must be a whole bundle or none. At the end the weights are compared.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from napari_acs.models import load_bundle
from napari_acs.training.checkpoint import read_checkpoint

RECIPE = """
id: tiny
title: Tiny
architecture: {{encoder: squeezenet1_1, decoder_channels: [8, 8, 8, 8], stem_channels: 8}}
train_patch: [24, 24, 24]
patch: [32, 32, 32]
steps: {steps}
decay_steps: 10
validate_every: 10
checkpoint_every: 2
batch: 2
phantom_share: 0
validation: [case0]
"""


def write_cache(folder: Path) -> None:
    """Six cases, as ``--prepare`` would have written them."""
    folder.mkdir(parents=True)
    z, y, x = np.indices((32, 32, 32)) - 16
    for seed in range(6):
        rng = np.random.default_rng(seed)
        near = [z - rng.integers(-4, 4), y - rng.integers(-4, 4), x - rng.integers(-4, 4)]
        distance = np.sqrt(sum(a**2 for a in near))
        labels = np.select([distance < r for r in (4, 6, 9)], [1, 3, 2], 0).astype(np.uint8)
        images = rng.normal(0, 0.3, (4, 32, 32, 32)) + labels
        np.savez_compressed(
            folder / f"case{seed}.npz",
            images=images.astype(np.float16),
            labels=labels,
            spacing_mm=np.float32(2),
        )


def start(place: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "napari_acs", "train", str(place / "recipe.yaml")]
    command += ["--cache", str(place / "cache"), "--run", str(place / name / "run")]
    command += ["--out", str(place / name / "bundle"), "--from-scratch", "--device", "cpu"]
    return subprocess.Popen(
        [*command, "--threads", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def end(process: subprocess.Popen[bytes]) -> None:
    _, said = process.communicate()
    if process.returncode:
        raise SystemExit(said.decode())


def kill(process: subprocess.Popen[bytes], run: Path, rng: random.Random, longest: float) -> str:
    """Kill a process at a random moment; say when."""
    # Its start takes seconds in which nothing is written: wait until it has read its checkpoint.
    # Half of the kills then come within a second, the others whenever; after the last step they
    # come while the network is judged and published.
    before = stamp(run)
    while stamp(run) == before and process.poll() is None:
        time.sleep(0.005)
    time.sleep(rng.uniform(0, 1.0 if rng.random() < 0.5 else longest))
    alive = process.poll() is None
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return "killed" if alive else "had ended"


def stamp(run: Path) -> int:
    file = run / "environment.json"
    return file.stat().st_mtime_ns if file.exists() else 0


def took(run: Path) -> float:
    """Return the seconds from a run's start to its bundle."""
    return (run.parent / "bundle").stat().st_mtime - (run / "environment.json").stat().st_mtime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_cache(place / "cache")
        (place / "recipe.yaml").write_text(RECIPE.format(steps=args.steps))
        end(start(place, "whole"))
        longest = took(place / "whole" / "run") * 3 / args.kills
        run, bundle = place / "killed" / "run", place / "killed" / "bundle"
        print("| kill | outcome | newest checkpoint (step) | bundle |")
        print("| ---: | --- | ---: | --- |")
        step = 0
        for number in range(1, args.kills + 1):
            outcome = kill(start(place, "killed"), run, rng, longest)
            state = read_checkpoint(run) if run.exists() else None
            now = int(state["step"]) if state else 0
            if now < step:
                raise SystemExit(f"a checkpoint was lost: step {now} after step {step}")
            step = now
            whole = "none"
            if bundle.exists():
                load_bundle(bundle).network()  # verifies the hash
                whole = "whole, removed again"
                for file in bundle.iterdir():
                    file.unlink()
                bundle.rmdir()
            print(f"| {number} | {outcome} | {step} | {whole} |", flush=True)
        end(start(place, "killed"))
        ours, theirs = (
            load_file(place / name / "bundle" / "weights.safetensors")
            for name in ("whole", "killed")
        )
        apart = max(float((ours[k].double() - theirs[k].double()).abs().max()) for k in ours)
        same = all(torch.equal(ours[k], theirs[k]) for k in ours)
        print(f"\nlargest difference of a weight: {apart:.2g} (bit for bit the same: {same})")
        logged = (run / "log.csv").read_text().splitlines()
        print(f"steps in the log: {len(logged) - 1} of {args.steps}, each once")
        if apart > 1e-5 or len(logged) - 1 != args.steps:
            raise SystemExit("the killed run did not end where the whole one does")


if __name__ == "__main__":
    main()
