"""Which code a recipe's task is for: the one place where tasks part ways."""

# ruff: noqa: PLC0415 - each task's modules are imported when a recipe asks for it
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.training.alone import alone_in
from napari_acs.training.cases import ATLAS
from napari_acs.training.order import AUTO, Company, Order
from napari_acs.training.recipe import Recipe, RunPlan, checked, read_fields
from napari_acs.training.stopping import Stopped, heard

TASKS = ("segmentation", "classification")
_TISSUES_MM = 2.0
"""Voxels of the phantoms that a classifier's boxes are cut from."""


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
        if fields.get("labels") and "labels" not in changes:
            # A recipe's own table lies beside it, wherever the command is run.
            fields = {**fields, "labels": str(path.parent / str(fields["labels"]))}
        plan: RunPlan = checked(_classification("recipe").ClassificationRecipe, fields, path)
        return plan
    return checked(Recipe, fields, path)


def prepare_for(
    plan: RunPlan,
    data: Sequence[Path],
    cache: Path,
    progress: Callable[[str, int, int], None],
    *,
    layout: str = AUTO,
    patient_pattern: str | None = None,
) -> None:
    """Fill a cache for a recipe; see :func:`napari_acs.training.preparing.prepare_cache`."""
    refuse_unpublishable(plan)
    if isinstance(plan, Recipe):
        from napari_acs.training.preparing import prepare_cache

        prepare_cache(plan, data, cache, progress, layout=layout, patient_pattern=patient_pattern)
    else:
        raise BadInput(
            "A classifier's cache is prepared by its run",
            found="--prepare",
            do="Leave it out, and name the folder of the bundle with --out",
        )


def run_kind(plan: RunPlan, order: Order, company: Company) -> bool:
    """Prepare, train and publish; return False if the user stopped it.

    Raises
    ------
    BadInput
        The data, the recipe or the weights are no good, or another process is at work in the
        run's folder.
    RefusedElsewhere
        Another process of the run found that, see `agreement.agreed`.
    """
    from napari_acs.training.agreement import agreed

    fabric = company.fabric
    agreed(fabric, lambda: _refuse_at_once(plan, fabric.world_size))
    with ExitStack() as until_done:

        def hold() -> None:
            if fabric.is_global_zero:  # the other processes are the same run
                until_done.enter_context(alone_in(order.run, order.out))

        agreed(fabric, hold)
        if isinstance(plan, Recipe):
            from napari_acs.training.segmentation_run import run_segmentation

            return run_segmentation(plan, order, company)
        return _run_classification(plan, order, company)


def _refuse_at_once(plan: RunPlan, processes: int) -> None:
    """Refuse what the recipe and the number of processes tell already."""
    from napari_acs.training.update import refuse_uneven_shares

    refuse_unpublishable(plan)
    if processes > 1 and not isinstance(plan, Recipe):
        raise BadInput(
            "A classifier is trained by one process", found=f"{processes}", do="Leave --devices out"
        )
    refuse_uneven_shares(plan, processes)


def refuse_unpublishable(plan: RunPlan) -> None:
    """Refuse a recipe whose network cannot be built or written as a bundle, before any work.

    Raises
    ------
    BadInput
        It names what no bundle may say, or arguments that the network does not take.
    """
    from napari_acs.training.publishable import refuse_bad_fields

    count = plan.batch // plan.shares
    if isinstance(plan, Recipe):
        from napari_acs.training.job import bundle_spec

        refuse_bad_fields(bundle_spec(plan, {}), (count, len(plan.sequences), *plan.train_patch))
        return
    asked: Any = plan  # its type is imported where a recipe asks for it
    shape = (count, asked.input.channel_count, *asked.input.size)
    refuse_bad_fields(_classification("run").draft_fields(plan), shape)


def _run_classification(plan: Any, order: Order, company: Company) -> bool:
    atlas = None
    if plan.phantoms.count + plan.phantoms.fresh:
        from napari_acs.training.place import refuse_no_place
        from napari_acs.training.preparing import prepare_tissues

        refuse_no_place(order.cache)
        atlas = order.cache / ATLAS
        prepare_tissues(atlas, _TISSUES_MM)
    from napari_acs.training.layouts import find_training_cases

    told = heard(company.progress, company.stop)
    messages = _classification("run").run_classification(
        plan,
        find_training_cases(order.data, order.layout, order.patient_pattern),
        order.run,
        order.out,
        encoder_weights=order.encoder_weights,
        pretrained=not order.from_scratch,
        atlas=atlas,
        training={"command": order.command},
        stop=company.stop,
        device=str(company.fabric.device),
        looked=lambda done, total: told("checking", done, total),
    )
    try:
        for message in messages:
            company.progress(message.stage, message.done, message.total)
    except Stopped:
        return False
    return order.out.exists()  # it appears whole, or not at all


def _classification(module: str) -> Any:
    return import_module(f"napari_acs.training.classification.{module}")
