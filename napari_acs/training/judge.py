"""The figures of a model card: the whole pipeline, on studies the network never trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_acs.imaging import SEQUENCES, Grid, Study, Volume
from napari_acs.imaging.metrics import DEFINITIONS, score
from napari_acs.inference import Failure, Progress, Result, SegmentationError, evaluate, run
from napari_acs.inference.reference import REGIONS, LabelledCase, regions_of
from napari_acs.inference.regions import region_masks
from napari_acs.training.phantom import Atlas, PhantomOptions, generate, load_atlas

if TYPE_CHECKING:
    from napari_acs.models import Bundle

FRESH = 10_000_000
"""Phantom seeds from here on are never trained on."""

PHANTOMS = {
    "phantoms": PhantomOptions(
        healthy=0.0, random_contrast=0.0, diameter_mm=(20.0, 60.0), lateral_mm=(10.0, 60.0)
    ),
    "hard_phantoms": PhantomOptions(healthy=0.0),
}
"""Two groups of phantoms. The first is like a usual glioma study: real contrasts, a core of 20 to
60 mm. The second is all that training draws from: cores from 10 mm, and one in five with arbitrary
contrasts, where a human reader would fail as well."""


def judge(
    bundle: Bundle,
    cases: Sequence[Path | LabelledCase],
    atlas_file: Path | None,
    phantoms: int = 10,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Score a bundle on real validation cases and on fresh phantoms.

    Parameters
    ----------
    bundle : Bundle
    cases : sequence of Path or LabelledCase
        Case folders, with masks, or cases of any layout.
    atlas_file : Path, optional
        Tissue maps for the phantoms; none are drawn without it.
    phantoms : int
        How many.
    say : callable
        Told which case is at work.

    Returns
    -------
    dict
        JSON-ready: definitions, and Dice and HD95 (mm) by case and region with their means,
        under ``cases`` and the groups of ``PHANTOMS``.
    """

    def show(number: int, _message: object) -> None:
        say(cases[number].name)

    metrics: dict[str, Any] = {"definitions": DEFINITIONS}
    if cases:
        done = evaluate(bundle, cases, "cpu", progress=show)
        metrics["cases"] = {
            case.case: {
                name: {"dice": s.dice, "hd95_mm": s.hd95_mm} for name, s in case.regions.items()
            }
            for case in done.cases
        }
    if atlas_file is not None:
        atlas = load_atlas(atlas_file)
        for group, options in PHANTOMS.items():
            metrics[group] = {}
            for seed in range(FRESH, FRESH + phantoms):
                say(f"{group} {seed}")
                scores = _judge_phantom(bundle, atlas, seed, options)
                metrics[group][f"phantom {seed}"] = scores
    for group in ("cases", *PHANTOMS):
        if group in metrics:
            metrics[f"mean_{group}"] = _means(metrics[group])
    rounded: dict[str, Any] = _rounded(metrics)
    return rounded


def _judge_phantom(
    bundle: Bundle, atlas: Atlas, seed: int, options: PhantomOptions
) -> dict[str, dict[str, float]]:
    drawn = generate(atlas, torch.Generator().manual_seed(seed), options=options)
    z, y, x = drawn.labels.shape
    grid = Grid((x, y, z), (atlas.spacing_mm,) * 3, (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    volumes = {
        name: Volume(array, grid, None)
        for name, array in zip(SEQUENCES, drawn.images.numpy(), strict=True)
    }
    labels = np.zeros(grid.shape, np.uint8)
    for message in run(Study(f"phantom {seed}", volumes), bundle, device="cpu"):
        if isinstance(message, Result):
            labels = np.asarray(message.segmentation.labels)
        elif isinstance(message, Failure) and message.kind != "empty":
            raise SegmentationError(message)
        else:
            assert isinstance(message, Progress | Failure)
    found = region_masks(labels, bundle.spec.output.regions)
    truth = regions_of(drawn.labels.numpy(), "phantom")
    scores = {name: score(found[name], truth[name], (atlas.spacing_mm,) * 3) for name in REGIONS}
    return {name: {"dice": s.dice, "hd95_mm": s.hd95_mm} for name, s in scores.items()}


def _means(group: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        region: {
            metric: float(np.mean([scores[region][metric] for scores in group.values()]))
            for metric in ("dice", "hd95_mm")
        }
        for region in REGIONS
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return round(value, 4) if isinstance(value, float) else value
