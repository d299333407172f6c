"""The prepared cache of a classifier: the box of every case and phantom, and its class."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from napari_acs.errors import BadInput
from napari_acs.imaging import SEQUENCES, Grid, Study, Volume, read_study
from napari_acs.inference.classify_input import classifier_box
from napari_acs.inference.reference import find_mask, read_reference, regions_of
from napari_acs.training.classification.labels import (
    Labelled,
    derived_label,
    read_labels_csv,
)
from napari_acs.training.judge import FRESH
from napari_acs.training.phantom import Atlas, PhantomOptions, generate, load_atlas

if TYPE_CHECKING:
    from napari_acs.models.spec import ClassifierInput
    from napari_acs.training.classification.recipe import ClassificationRecipe

CASES, PHANTOMS, FRESH_PHANTOMS = "cases", "phantoms", "fresh"
"""Folders of the cache."""


@dataclass(frozen=True)
class Box:
    """One prepared case.

    Attributes
    ----------
    name, patient : str
    label : int
        Its class: the place in the recipe's list.
    channels : Tensor of float16, shape (c, z, y, x)
        As `classifier_box` makes them, with the recipe's margin on every side.
    """

    name: str
    patient: str
    label: int
    channels: Tensor


def prepare_boxes(
    recipe: ClassificationRecipe, folders: Sequence[Path], cache: Path, atlas: Path | None
) -> Iterator[tuple[str, int, int]]:
    """Write the boxes of all cases and phantoms; yield (name, done, total) after each.

    What is in the cache already is kept. A case is a folder with sequences and, where the recipe
    wants a mask or derives the label from it, one reference mask.

    Raises
    ------
    BadInput
        A case has no label, or lacks a sequence or its mask; phantoms are wanted without an atlas;
        the cache was made for a recipe with other boxes or labels.
    """
    _refuse_another_recipe(recipe, cache)
    known = read_labels_csv(recipe.labels, recipe.classes) if recipe.labels else None
    unknown = [f.name for f in folders if known is not None and f.name not in known]
    if unknown:
        raise BadInput(f"{recipe.labels} has no label for case {unknown[0]}", do="Add a line")
    wanted = recipe.phantoms
    if wanted.count + wanted.fresh and atlas is None:
        raise BadInput("The recipe wants phantoms, and there are no tissue maps to draw them from")
    tissues = load_atlas(atlas) if atlas is not None and wanted.count + wanted.fresh else None
    total = len(folders) + wanted.count + wanted.fresh
    done = 0
    for folder in folders:
        target = cache / CASES / f"{folder.name}.npz"
        if not target.exists():
            _save(target, _of_case(recipe, folder, known[folder.name] if known else None))
        done += 1
        yield folder.name, done, total
    for group, count, first in ((PHANTOMS, wanted.count, 0), (FRESH_PHANTOMS, wanted.fresh, FRESH)):
        for seed in range(first + recipe.seed * 1_000, first + recipe.seed * 1_000 + count):
            target = cache / group / f"phantom-{seed}.npz"
            if tissues is not None and not target.exists():
                _save(target, _of_phantom(recipe, tissues, seed))
            done += 1
            yield f"phantom {seed}", done, total


def load_boxes(folder: Path) -> list[Box]:
    """Load the boxes of one folder of a cache, sorted by name; none if it is not there."""
    return [_load(file) for file in sorted(folder.glob("*.npz"))]


def with_margin(asked: ClassifierInput, margin: Sequence[int]) -> ClassifierInput:
    """Return the same input with a larger box."""
    z, y, x = (n + 2 * more for n, more in zip(asked.size, margin, strict=True))
    return asked.model_copy(update={"size": (z, y, x)})


def middle(channels: Tensor, margin: Sequence[int]) -> Tensor:
    """Return the box as the network sees it in use, float32: without the margin."""
    z, y, x = (slice(more, n - more) for n, more in zip(channels.shape[1:], margin, strict=True))
    return channels[:, z, y, x].float()


def _refuse_another_recipe(recipe: ClassificationRecipe, cache: Path) -> None:
    """Keep what decides boxes and labels beside them, so that none are taken for others."""
    kept = {"input", "margin", "classes", "derived", "seed"}
    made_for = {
        **recipe.model_dump(mode="json", include=kept),
        "labels": recipe.labels.read_text(encoding="utf-8-sig") if recipe.labels else None,
        "phantoms": recipe.phantoms.options,
    }
    text = json.dumps(made_for, indent=1, sort_keys=True)
    note = cache / "made_for.json"
    if not note.exists():
        cache.mkdir(parents=True, exist_ok=True)
        note.write_text(text, encoding="utf-8")
    elif note.read_text(encoding="utf-8") != text:
        raise BadInput(
            f"{cache} was prepared for another recipe",
            found="other boxes, classes or labels",
            do="Choose another run folder, or delete that one",
        )


def _of_case(recipe: ClassificationRecipe, folder: Path, known: Labelled | None) -> Box:
    study = read_study(folder)
    mask = None
    labelled = known
    if recipe.input.needs_mask or labelled is None:
        regions = read_reference(find_mask(folder), study.grid)
        mask = Volume(regions["WT"].astype(np.uint8), study.grid)
        if recipe.derived is not None:
            label = derived_label(regions, study.grid.voxel_ml, recipe.derived)
            labelled = Labelled(label, folder.name)
    assert labelled is not None
    box = classifier_box(study, with_margin(recipe.input, recipe.margin), mask)
    channels = torch.from_numpy(box.array).half()
    return Box(folder.name, labelled.patient, labelled.label, channels)


def _of_phantom(recipe: ClassificationRecipe, atlas: Atlas, seed: int) -> Box:
    options = PhantomOptions(**recipe.phantoms.options)
    drawn = generate(atlas, torch.Generator().manual_seed(seed), options=options)
    z, y, x = drawn.labels.shape
    grid = Grid((x, y, z), (atlas.spacing_mm,) * 3, (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    images = zip(SEQUENCES, drawn.images.numpy(), strict=True)
    study = Study(f"phantom-{seed}", {name: Volume(array, grid) for name, array in images})
    regions = regions_of(drawn.labels.numpy(), "phantom")
    mask = Volume(regions["WT"].astype(np.uint8), grid)
    box = classifier_box(study, with_margin(recipe.input, recipe.margin), mask)
    assert recipe.derived is not None
    label = derived_label(regions, grid.voxel_ml, recipe.derived)
    return Box(study.name, study.name, label, torch.from_numpy(box.array).half())


def _save(target: Path, box: Box) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    with partial.open("wb") as stream:
        np.savez_compressed(
            stream,
            channels=box.channels.numpy(),
            label=np.int64(box.label),
            patient=np.array(box.patient),
        )
    partial.replace(target)


def _load(file: Path) -> Box:
    with np.load(file, allow_pickle=False) as data:
        channels = torch.from_numpy(data["channels"])
        return Box(file.stem, str(data["patient"]), int(data["label"]), channels)
