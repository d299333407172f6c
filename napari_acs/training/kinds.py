"""Which code a recipe's task is for: the one place where tasks part ways."""

# ruff: noqa: PLC0415 - each task's modules are imported when a recipe asks for it
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.training.order import Company, Order
from napari_acs.training.recipe import Recipe, RunPlan, checked, read_fields

TASKS = ("segmentation", "classification")


def read_plan(path: Path, changes: Mapping[str, Any]) -> RunPlan:
    """Read a recipe of any task.

    Raises
    ------
    BadInput
        If the file is not YAML, names no task that we know, or has mistakes.
    """
    fields = read_fields(path, changes)
    task = fields.get("task", TASKS[0])
    if task not in TASKS:
        raise BadInput(
            f"Recipe {path} has mistakes", found=f"task: {task}", expected=" or ".join(TASKS)
        )
    if task == "classification":
        plan: RunPlan = checked(_classification().ClassificationRecipe, fields, path)
        return plan
    return checked(Recipe, fields, path)


def prepare_for(
    plan: RunPlan,
    data: Sequence[Path],
    cache: Path,
    progress: Callable[[str, int, int], None],
) -> None:
    """Fill a cache for a recipe; see :func:`napari_acs.training.preparing.prepare_cache`."""
    if isinstance(plan, Recipe):
        from napari_acs.training.preparing import prepare_cache

        prepare_cache(plan, data, cache, progress)
    else:
        _classification().prepare_classification(plan, data, cache, progress)


def run_kind(plan: RunPlan, order: Order, company: Company) -> bool:
    """Prepare, train and publish; return False if the user stopped it."""
    if isinstance(plan, Recipe):
        from napari_acs.training.segmentation_run import run_segmentation

        return run_segmentation(plan, order, company)
    return bool(_classification().run_classification(plan, order, company))


def _classification() -> Any:
    return import_module("napari_acs.training.classification")
