"""Train one network of the bundled ensemble further, on the cases that it has always been shown.

    python scripts/continue_glioma.py NUMBER CACHE RUN [--set KEY=VALUE ...]

NUMBER is the network's in ``glioma-unet-acs-ensemble`` (from 0), CACHE what ``napari-acs train
glioma-unet-acs-ensemble --data ... --prepare CACHE`` writes, RUN the folder of checkpoints: a run
that was stopped goes on from there. Its held-out cases stay held out. The recipe is the shipped
one but for what --set says. scripts/ship_glioma.py makes bundles of the checkpoints.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from napari_acs.models import load_bundle
from napari_acs.models.ensemble import ACSUNetEnsemble
from napari_acs.training.job import segmentation_task
from napari_acs.training.loop import train
from napari_acs.training.recipe import find_recipe, parse_changes, read_recipe

BUNDLE = "glioma-unet-acs-ensemble"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("number", type=int)
    parser.add_argument("cache", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    bundle = load_bundle(BUNDLE)
    ensemble = bundle.network()
    assert isinstance(ensemble, ACSUNetEnsemble)
    held_out = bundle.spec.training["members"][args.number]["held_out"]
    changes = {"phantoms_first": 0, **parse_changes(args.set), "validation": held_out}
    recipe = read_recipe(find_recipe(BUNDLE), changes)
    task = segmentation_task(recipe, args.cache)
    network = ensemble.members[args.number].float()
    print(f"{len(task.training)} cases to train on, {len(task.validation)} held out", flush=True)
    for step in train(recipe, task, network, args.run):
        if step.validation:
            print(step.step, round(step.loss, 3), step.validation.figures, flush=True)
        elif step.step % 50 == 0:
            print(step.step, round(step.loss, 3), f"{step.seconds:.2f} s", flush=True)


if __name__ == "__main__":
    main()
