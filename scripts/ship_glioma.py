"""Turn cross-validated runs into the bundles that ship; every step can be run again.

python scripts/ship_glioma.py folds PLAN.yaml OUT     one bundle a fold
python scripts/ship_glioma.py ensemble PLAN.yaml OUT  their mean
python scripts/ship_glioma.py fast PLAN.yaml OUT      the network of the plan's first fold alone
python scripts/ship_glioma.py metrics REPORT.json OUT.json [SENTENCE]  from `evaluate --json`; the
    sentence is what the card says of the post-processing
python scripts/ship_glioma.py figures BUNDLE OUT METRICS.json [SUBSETS.json]  with figures and card

PLAN.yaml: recipes (fast, ensemble), folds (checkpoint, held_out, and recipe where its network is
another), regions (by name: threshold,
minimum_ml, smallest_part_ml), mirrored (whether the ensemble is), notes, encoder_weights. See
docs/results.md for the commands.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import mean
from typing import Any

import torch
import yaml

from napari_acs.models import load_bundle, save_bundle
from napari_acs.models.ensemble import ACSUNetEnsemble
from napari_acs.training.assembling import Fold, assemble
from napari_acs.training.card import card
from napari_acs.training.job import bundle_spec
from napari_acs.training.recipe import Recipe, find_recipe, read_recipe


def main() -> None:
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    step, source, target, *more = sys.argv[1:]
    if step == "figures":
        figures(Path(source), Path(target), [Path(file) for file in more])
        return
    if step == "metrics":
        metrics(Path(source), Path(target), *more)
        return
    plan = yaml.safe_load(Path(source).read_text(encoding="utf-8"))
    folds = [
        Fold(
            Path(one["checkpoint"]),
            tuple(one["held_out"]),
            read_recipe(find_recipe(one["recipe"])).architecture if "recipe" in one else None,
        )
        for one in plan["folds"]
    ]
    out = Path(target)
    if step == "folds":
        fields = fields_of(plan, "fast", limits=False)
        for number, fold in enumerate(folds):
            own = one_of(folds, number, {**fields, "id": f"fold{number}"})
            assemble(out / f"fold{number}", own, [fold], half=True)
    elif step == "ensemble":
        assemble(out, fields_of(plan, "ensemble"), folds, mirrored=plan.get("mirrored", False))
    elif step == "fast":
        assemble(out, one_of(folds, 0, fields_of(plan, "fast")), folds[:1])
    else:
        raise SystemExit(__doc__)


def one_of(folds: list[Fold], number: int, fields: dict[str, Any]) -> dict[str, Any]:
    """Say which cases one fold's network was trained on: those that the others hold out."""
    others = [fold.held_out for place, fold in enumerate(folds) if place != number]
    cases = sorted(name for held_out in others for name in held_out)
    return {**fields, "training": {**fields["training"], "cases": cases}}


def fields_of(plan: dict[str, Any], which: str, *, limits: bool = True) -> dict[str, Any]:
    recipe = read_recipe(find_recipe(plan["recipes"][which]))
    training = {
        "command": plan["command"],
        "encoder_weights": plan["encoder_weights"],
        "torch": torch.__version__,
        "notes": " ".join(plan["notes"][which].split()),
    }
    fields = bundle_spec(recipe, training)
    if limits:
        for region in fields["output"]["regions"]:
            region.update(plan["regions"][which].get(region["name"], {}))
    return fields


def metrics(source: Path, target: Path, sentence: str = "") -> None:
    """Write what a report of `napari-acs evaluate` measured as a model.json holds it."""
    report = json.loads(source.read_text(encoding="utf-8"))
    kept = ("dice", "hd95_mm")
    cases = {
        case["case"]: {
            region: {figure: round(values[figure], 4) for figure in kept}
            for region, values in case["regions"].items()
        }
        for case in report["cases"]
    }
    means = {
        region: {
            figure: round(mean(case[region][figure] for case in cases.values()), 4)
            for figure in kept
        }
        for region in next(iter(cases.values()))
    }
    found = {"definitions": report["definitions"], "cases": cases, "mean_cases": means}
    if report.get("cross_validated"):
        found["cross_validated"] = True
    if sentence:
        found["post_processing"] = sentence
    target.write_text(json.dumps(found, indent=2), encoding="utf-8")


def figures(source: Path, target: Path, files: list[Path]) -> None:
    """Write a bundle again with what was measured of it, and the card that says so."""
    bundle = load_bundle(source)
    metrics: dict[str, Any] = {}
    for file in files:
        metrics |= json.loads(file.read_text(encoding="utf-8"))
    fields = bundle.spec.model_dump(mode="json", exclude={"weights", "format"})
    training = {k: v for k, v in fields["training"].items() if isinstance(v, str)}
    recipe = Recipe.model_validate(fields["training"]["recipe"])
    network = bundle.network()
    members = len(network.members) if isinstance(network, ACSUNetEnsemble) else 1
    text = card(recipe, training | {"networks": members}, metrics, bundle.spec.output)
    save_bundle(target, fields | {"metrics": metrics}, network, text, half=True)


if __name__ == "__main__":
    main()
