"""The prepared cache of a classifier: the box of every case and phantom, and its class."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from napari_acs.errors import BadInput
from napari_acs.imaging import SEQUENCES, Grid, Study, Volume
from napari_acs.imaging.csv_rows import read_csv_text
from napari_acs.inference.classify_input import classifier_box
from napari_acs.inference.ready import AS_IT_IS, Preparation, make_ready
from napari_acs.inference.reference import regions_of
from napari_acs.models.atomic import file_appears
from napari_acs.training.arrays import read_arrays, write_arrays
from napari_acs.training.checks.names import check_names
from napari_acs.training.checks.together import of_case
from napari_acs.training.classification.labels import (
    Labelled,
    derived_label,
    read_labels_csv,
)
from napari_acs.training.judge import FRESH
from napari_acs.training.layouts import TrainingCase
from napari_acs.training.layouts.read import read_case
from napari_acs.training.phantom import Atlas, PhantomOptions, generate, load_atlas
from napari_acs.training.prepare import hash_of, prepared_from

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
    made_from : str
        Hash of the files and of what is said of the case; nothing for a phantom.
    site : str
        Where it was scanned, or nothing.
    """

    name: str
    patient: str
    label: int
    channels: Tensor
    made_from: str = ""
    site: str = ""


def prepare_boxes(
    recipe: ClassificationRecipe,
    cases: Sequence[TrainingCase],
    cache: Path,
    atlas: Path | None,
    device: str = "cpu",
) -> Iterator[tuple[str, int, int]]:
    """Write the boxes of all cases and phantoms; yield (name, done, total) after each.

    What is in the cache already is kept, unless a file of the case, its patient or its class
    changed. A case needs a reference mask where the recipe wants one or derives the label from it.
    A skull is removed as it is when the model predicts.

    Raises
    ------
    BadInput
        A case has no label, or lacks a sequence or its mask; two cases have one name; phantoms are
        wanted without an atlas; the cache was made for a recipe with other boxes or labels.
    """
    _refuse_another_recipe(recipe, cache)
    check_names(cases)
    known = _labels(recipe, cases)
    wanted = recipe.phantoms
    if wanted.count + wanted.fresh and atlas is None:
        raise BadInput("The recipe wants phantoms, and there are no tissue maps to draw them from")
    tissues = load_atlas(atlas) if atlas is not None and wanted.count + wanted.fresh else None
    total = len(cases) + wanted.count + wanted.fresh
    done = 0
    channels = [channel.name for channel in recipe.input.channels]
    for case in cases:
        target = cache / CASES / f"{case.name}.npz"
        made_from = hash_of(case, channels, recipe.input.spacing_mm[0])
        if prepared_from(target) != made_from:
            try:
                box = _of_case(recipe, case, known.get(case.name), device)
            except BadInput as fault:
                raise of_case(case.name, fault) from fault
            _save(target, replace(box, made_from=made_from))
        done += 1
        yield case.name, done, total
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
        "labels": _plain(recipe.labels) if recipe.labels else None,
        "phantoms": recipe.phantoms.options,
    }
    text = json.dumps(made_for, indent=1, sort_keys=True)
    note = cache / "made_for.json"
    if not note.exists():
        with file_appears(note, replace=True) as staging:
            staging.write_text(text, encoding="utf-8")
    elif note.read_text(encoding="utf-8") != text:
        raise BadInput(
            f"{cache} was prepared for another recipe",
            found="other boxes, classes or labels",
            do="Choose another run folder, or delete that one",
        )


def _plain(labels: Path) -> str:
    return read_csv_text(labels).replace("\r\n", "\n").replace("\r", "\n")


def _labels(recipe: ClassificationRecipe, cases: Sequence[TrainingCase]) -> dict[str, Labelled]:
    """Return what is said of each case's class, by name; nothing where the mask says it."""
    if recipe.derived is not None:
        return {}
    if recipe.labels is not None:
        known = read_labels_csv(recipe.labels, recipe.classes)
        unknown = next((case.name for case in cases if case.name not in known), None)
        if unknown is not None:
            raise BadInput(f"{recipe.labels} has no label for case {unknown}", do="Add a line")
        return known
    names = [one.name for one in recipe.classes]
    for case in cases:
        if case.label not in names:
            raise BadInput(
                f"The case {case.name} is of no class of the recipe",
                found=case.label or "no label",
                expected=", ".join(names),
                do="Say it in the column label of the table of cases, or give a table with labels "
                "in the recipe",
            )
    return {case.name: Labelled(names.index(case.label or "")) for case in cases}


def _of_case(
    recipe: ClassificationRecipe, case: TrainingCase, known: Labelled | None, device: str
) -> Box:
    needed = recipe.input.needs_mask or known is None
    if needed and case.mask is None:
        raise BadInput(f"The case {case.name} has no mask", do="Add it, or leave the case out")
    study, regions = read_case(case if needed else replace(case, mask=None))
    mask = Volume(regions["WT"].astype(np.uint8), study.grid) if needed else None
    voxel_ml = study.grid.voxel_ml
    whole = recipe.input.normalisation == "robust"  # as `run_classifier` has it
    study = make_ready(study, Preparation(AS_IT_IS if whole else "auto"), device=device).study
    box = classifier_box(study, with_margin(recipe.input, recipe.margin), mask)
    channels = torch.from_numpy(box.array).half()
    if known is not None:
        whose, site = known.patient or case.patient, known.site or case.site
        return Box(case.name, whose, known.label, channels, site=site)
    assert recipe.derived is not None
    label = derived_label(regions, voxel_ml, recipe.derived)
    return Box(case.name, case.patient, label, channels, site=case.site)


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
    write_arrays(
        target,
        channels=box.channels.numpy(),
        label=np.int64(box.label),
        patient=np.array(box.patient),
        inputs=np.str_(box.made_from),
        site=np.str_(box.site),
    )


def _load(file: Path) -> Box:
    with read_arrays(file) as data:
        channels = torch.from_numpy(data["channels"])
        said = {key: str(data[key]) for key in ("inputs", "site") if key in data}
        return Box(
            file.stem,
            str(data["patient"]),
            int(data["label"]),
            channels,
            said.get("inputs", ""),
            said.get("site", ""),
        )
