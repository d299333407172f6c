r"""What raises segmentation quality from few cases: one change at a time, against one baseline.

    OMP_NUM_THREADS=1 python benchmarks/ablation.py CACHE --weights mobilenet_v2.safetensors \
        --work DIR [--lite0 WHEEL] [--steps 200] [--seeds 2] [--table-only]

CACHE is what ``napari-acs train RECIPE --data CASES --prepare CACHE`` writes for a recipe of 4 mm.
Patient-wise halves: each half of the cases is judged by networks trained on the other one. The
arms of a half and seed run in turn, each in a process of its own, and a line goes to
DIR/results.jsonl after each; a run that was stopped goes on from there. The table says how much
Dice each ingredient gives (with minus without, paired by case, mean over the seeds), with a
bootstrap interval over the cases; the verdict is "kept" where the whole interval is above 0.
With --lite0 (see lite0.py) one arm has another encoder.
"""

from __future__ import annotations

import argparse
import copy
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from ablation_table import table
from lite0 import lite0_trunk
from torch import Tensor, nn

from napari_acs.models.unet import ACSUNet
from napari_acs.training.alike import alike
from napari_acs.training.cases import Case, load_cases
from napari_acs.training.checkpoint import read_checkpoint
from napari_acs.training.folds import Subject, patients_of
from napari_acs.training.job import segmentation_task, start_network
from napari_acs.training.loop import train
from napari_acs.training.recipe import Augmentation, Recipe
from napari_acs.training.validation import validate

PRETRAINING = 150
PLAIN = Augmentation()
ARMS: dict[str, dict[str, object]] = {
    "baseline": {},
    "phantoms": {"phantom_share": 0.3},
    "phantom pretraining": {},
    "carve": {"augmentation": PLAIN.model_copy(update={"carve": 0.5})},
    "unenhanced": {"augmentation": PLAIN.model_copy(update={"unenhanced": 0.4})},
    "deep supervision": {"deep_supervision": True},
    "no dropping": {"augmentation": PLAIN.model_copy(update={"drop_sequences": 0.0})},
    "no intensity": {"augmentation": PLAIN.model_copy(update={"intensity": 0.0})},
    "no shape": {
        "augmentation": PLAIN.model_copy(
            update={"rotation_degrees": 0.0, "scale": (1.0, 1.0), "elastic_mm": 0.0}
        )
    },
    "longer": {},
    "EfficientNet-Lite0": {},
}
"""What each arm changes in the baseline's recipe. "longer" is the control of the pretraining: as
many steps more, on the same cases. The pretraining is a run of its own, once a seed; a recipe's
``phantoms_first``, which does that within one run, has no arm."""


def recipe(steps: int, seed: int, **changes: object) -> Recipe:
    plan = {
        "id": "ablation",
        "title": "ablation",
        "architecture": {
            "encoder": "mobilenet_v2",
            # Half the shipped width where maps are large: a third of the time less.
            "decoder_channels": [96, 64, 48, 24, 8],
            "stem_channels": 8,
        },
        "spacing_mm": 4.0,
        "train_patch": (32, 48, 32),
        "batch": 2,
        "learning_rate": 1.5e-3,
        "encoder_rate": 0.5,
        # In bf16 torch's gradients of 3D layers on maps this small are not always numbers.
        "precision": "fp32",
        "phantom_share": 0.0,
        "phantom_every": 4,
        "validation": (),
        "seed": seed,
        **changes,
    }
    return Recipe(
        steps=steps, warm_up_steps=steps // 10, decay_steps=steps // 3, validate_every=steps, **plan
    )


def untrained(plan: Recipe, arm: str, weights: Path | None, lite0: Path | None) -> ACSUNet:
    """Return the network that a run starts from."""
    if arm != "EfficientNet-Lite0":
        return start_network(plan, weights, pretrained=False)
    torch.manual_seed(plan.seed)
    return ACSUNet(trunk=lite0_trunk(lite0), **plan.architecture)


def fit(plan: Recipe, network: nn.Module, cache: Path) -> nn.Module:
    """Train a network in place; return its running average. All that knows the loop."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in train(plan, segmentation_task(plan, cache), network, Path(folder)):
            pass
        average = copy.deepcopy(network)
        checkpoint = read_checkpoint(Path(folder))
        assert checkpoint is not None
        average.load_state_dict(checkpoint["average"])
    return average.eval()


class Flipped(nn.Module):
    """The mean of the probabilities of a patch and its mirror images, as nested logits."""

    def __init__(self, network: nn.Module, axes: tuple[tuple[int, ...], ...]) -> None:
        super().__init__()
        self.network, self.axes = network, axes

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, z, y, x) to conditional logits (n, regions, z, y, x)."""
        maps = [self.network(x.flip(a)).sigmoid().cumprod(dim=1).flip(a) for a in self.axes]
        mean = torch.stack(maps).mean(dim=0)
        outer = torch.cat([torch.ones_like(mean[:, :1]), mean[:, :-1]], dim=1)
        return (mean / outer.clamp_min(1e-6)).clamp(1e-6, 1 - 1e-6).logit()


def judge(raw: nn.Module, average: nn.Module, cases: list[Case], *, all_ways: bool) -> dict:
    """Return Dice by way of judging, case and region."""
    two = [
        Case(c.name, c.images * torch.tensor([0, 1, 0, 1]).view(4, 1, 1, 1), c.labels, c.spacing_mm)
        for c in cases
    ]
    ways = {"average": (average, cases), "T1ce and FLAIR": (average, two)}
    if all_ways:
        ways["last weights"] = (raw.eval(), cases)
        # Only left-right is a symmetry that training has shown to the network.
        ways["flipped x"] = (Flipped(average, ((), (4,))), cases)
        eight = tuple(
            tuple(a for a, on in zip((2, 3, 4), f"{i:03b}", strict=True) if on == "1")
            for i in range(8)
        )
        ways["flipped x, y, z"] = (Flipped(average, eight), cases)
    return {way: validate(network, subset) for way, (network, subset) in ways.items()}


def half(cases: list[Case], fold: int) -> list[Case]:
    """Return the cases that judge in a half: every second patient's, all of whom are in one.

    Two cases that show one head are one patient's, whatever they are called.
    """
    subjects = [Subject(case.name, (case.patient or case.name).casefold()) for case in cases]
    whose = patients_of(subjects, alike(cases))
    places = {patient: place % 2 for place, patient in enumerate(dict.fromkeys(whose))}
    return [case for case, patient in zip(cases, whose, strict=True) if places[patient] == fold]


def refuse_unlike(results: list[dict], todo: list[tuple], steps: int, cases: list[Case]) -> None:
    """Refuse to go on with results of other steps or cases: the table would mix both.

    Raises
    ------
    SystemExit
        Saying which run it is.
    """
    for row in results:
        arm, fold = row["arm"], row["fold"]
        if (arm, fold, row["seed"]) not in todo:
            continue
        wanted = steps + (PRETRAINING if arm in ("longer", "phantom pretraining") else 0)
        judged = {case.name for case in half(cases, fold)}
        if row["steps"] != wanted or set(row["dice"]["average"]) != judged:
            raise SystemExit(
                f"{arm}, half {fold}, seed {row['seed']} is there with {row['steps']} steps and "
                f"{len(row['dice']['average'])} cases, and was asked for with {wanted} and "
                f"{len(judged)}, or others. Begin in another --work"
            )


def one_run(arm: str, fold: int, seed: int, args: argparse.Namespace) -> dict:
    torch.set_num_threads(1)
    cases = load_cases(args.cache, 4.0)
    held_out = half(cases, fold)
    began = time.process_time()
    steps = args.steps + (PRETRAINING if arm == "longer" else 0)
    plan = recipe(steps, seed, exclude=tuple(c.name for c in held_out), **ARMS[arm])
    network = untrained(plan, arm, args.weights, args.lite0)
    if arm == "phantom pretraining":
        network.load_state_dict(_pretrained(seed, args))
        steps += PRETRAINING
    average = fit(plan, network, args.cache)
    seconds = time.process_time() - began
    dice = judge(network, average, held_out, all_ways=arm == "baseline")
    return {
        "arm": arm, "fold": fold, "seed": seed, "steps": steps,
        "seconds": round(seconds, 1), "dice": dice,
    }  # fmt: skip


def _pretrained(seed: int, args: argparse.Namespace) -> dict[str, Tensor]:
    """Return weights trained on phantoms alone, which know neither half; made once a seed."""
    file = args.work / f"pretrained-{seed}.pt"
    if not file.exists():
        plan = recipe(PRETRAINING, seed + 1000, phantom_share=1.0)
        network = start_network(plan, args.weights, pretrained=False)
        state = fit(plan, network, args.cache).state_dict()
        torch.save(state, file.with_suffix(".part"))
        file.with_suffix(".part").replace(file)
    return torch.load(file, weights_only=True)


def runs(seeds: int, *, lite0: bool) -> Iterator[tuple[str, int, int]]:
    for seed in range(seeds):
        for fold in (0, 1):
            for arm in ARMS:
                if lite0 or arm != "EfficientNet-Lite0":
                    yield arm, fold, seed


def read(file: Path) -> list[dict]:
    """Return the results so far, without a line that a kill cut off."""
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    if len(whole) < len(lines):
        file.write_text("".join(whole), encoding="utf-8")
    return [json.loads(line) for line in whole]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--lite0", type=Path, help="the wheel that lite0.py names")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--table-only", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    if len(sys.argv) == 1:  # `make bench` runs all scripts; this one takes an hour and needs data
        parser.print_help()
        return
    args = parser.parse_args()
    if args.one:
        arm, fold, seed = json.loads(args.one)
        print(json.dumps(one_run(arm, fold, seed, args)))
        return
    args.work.mkdir(parents=True, exist_ok=True)
    results = args.work / "results.jsonl"
    done = {(r["arm"], r["fold"], r["seed"]) for r in read(results)}
    todo = list(runs(0 if args.table_only else args.seeds, lite0=args.lite0 is not None))
    if todo:
        refuse_unlike(read(results), todo, args.steps, load_cases(args.cache, 4.0))
    for run in todo:
        if run not in done:
            command = [sys.executable, __file__, *sys.argv[1:], "--one", json.dumps(run)]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            with results.open("a", encoding="utf-8") as stream:
                stream.write(output.splitlines()[-1] + "\n")
            print(*run, file=sys.stderr, flush=True)
    print(table(read(results)))


if __name__ == "__main__":
    main()
