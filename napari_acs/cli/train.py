"""``napari-acs train``: from cases with masks to a bundle, resumable at any moment."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_acs.cli import options
from napari_acs.cli.as_told import command_told
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import end_with, exits
from napari_acs.cli.output import check_report
from napari_acs.cli.progress import progress_shown
from napari_acs.cli.train_report import report_prepared, say_what_came
from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_acs.training.order import Order
    from napari_acs.training.recipe import RunPlan


class Layout(StrEnum):
    """The layouts that are read, see `napari_acs.training.layouts.LAYOUTS`."""

    auto = "auto"
    brats = "brats"
    nnunet = "nnunet"
    msd = "msd"
    bids = "bids"
    csv = "csv"


@exits
def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of a shipped one.")
    ],
    *,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="A data set: a folder as BraTS, nnU-Net, MSD or BIDS lay it out, or a CSV; may be "
            "given again. See docs/training-data.md.",
        ),
    ] = None,
    layout: Annotated[
        Layout, typer.Option(help="How --data is laid out. Left out: told by its files.")
    ] = Layout.auto,
    patient_pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Finds the patient in a case's name (its first group, or the whole match). Left "
            "out: BraTS's names and visits are known, other names are a patient each.",
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="K",
            help="Validate on one of K folds, drawn by patient and seed, and not on the cases that "
            "the recipe names.",
        ),
    ] = None,
    fold: Annotated[
        int | None, typer.Option(min=1, metavar="I", help="Which of --folds, from 1.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="BUNDLE", help="Folder of the bundle to write.")
    ] = None,
    prepare: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Only write the prepared cache there, and stop."),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Prepared cache. Left out: in the run's folder."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of checkpoints and logs; the same folder goes on where it stopped. Left "
            "out: runs/ID.",
        ),
    ] = None,
    encoder_weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="2D ImageNet weights of the encoder (torchvision's names). Left out: "
            "torchvision's own, downloaded if they are not in its cache.",
        ),
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Use no pretrained weights.")
    ] = False,
    steps: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any field of the recipe, as YAML: precision=bf16, augmentation={scale: [1, 1]}; "
            "may be given again.",
        ),
    ] = None,
    device: options.Device = "auto",
    devices: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Processes, one a GPU. Left out: as torchrun or SLURM say, or 1.",
        ),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads a process.")] = None,
    json: options.JsonReport = None,
    debug: options.Debug = False,
) -> None:
    """Train a model by a recipe; Ctrl-C keeps a checkpoint to go on from."""
    check_report(json, force=False)  # before hours, not after them
    from napari_acs.models.atomic import refuse_existing
    from napari_acs.training.order import Order

    plan = _plan(recipe, changes or [], steps, seed)
    sources = tuple(data or ())
    notes: tuple[str, ...] = ()
    if folds is not None or fold is not None:
        place = cache or prepare or (run or Path("runs") / f"{plan.id}-fold-{fold}") / "cache"
        plan, said = _folded(plan, sources, layout.value, patient_pattern, place, folds, fold)
        notes = (said,)
        run = run or Path("runs") / f"{plan.id}-fold-{fold}"
    if prepare is not None:
        _say(notes, sources, layout.value)
        _prepare(plan, sources, prepare, layout.value, patient_pattern)
        report_prepared(prepare, json)
        return
    if out is None:
        raise BadInput("Nothing says where the bundle goes", do="Name its folder with --out")
    refuse_existing(out)
    if encoder_weights is not None and not encoder_weights.is_file():
        raise BadInput(f"{encoder_weights}", found="no such file", do="Check --encoder-weights")
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    run = run or Path("runs") / plan.id
    order = Order(
        sources,
        cache or run / "cache",
        run,
        out,
        encoder_weights,
        from_scratch,
        command_told(sys.argv[1:]),
        layout.value,
        patient_pattern,
    )
    if not _run(plan, order, device, devices, json, notes):
        do = f"The same command goes on from what is in {run}"
        end_with(Failure("Cancelled", "", do, "cancelled"), debug=debug)


def _plan(recipe: str, changes: list[str], steps: int | None, seed: int | None) -> RunPlan:
    from napari_acs.training.kinds import read_plan
    from napari_acs.training.recipe import find_recipe, parse_changes

    changed: dict[str, Any] = parse_changes(changes)
    changed |= {k: v for k, v in (("steps", steps), ("seed", seed)) if v is not None}
    plan = read_plan(find_recipe(recipe), changed)
    if steps is not None and "decay_steps" not in changed:
        plan = plan.model_copy(update={"decay_steps": min(plan.decay_steps, steps // 3)})
    return plan


def _folded(
    plan: RunPlan,
    data: tuple[Path, ...],
    layout: str,
    patient_pattern: str | None,
    cache: Path,
    folds: int | None,
    fold: int | None,
) -> tuple[RunPlan, str]:
    """Return the recipe with the cases of one fold as its validation, and a sentence on them."""
    from napari_acs.training.folds import cached_subjects, validation_names
    from napari_acs.training.recipe import Recipe

    if folds is None or fold is None:
        raise BadInput("--folds and --fold go together", do="Give both, or none")
    if not isinstance(plan, Recipe):
        raise BadInput(
            "A classifier's folds are all trained by one command",
            found="--folds",
            do="Leave --folds and --fold out; the recipe says how many (--set folds=5)",
        )
    if data:
        from napari_acs.training.layouts import find_training_cases

        found = [*find_training_cases(data, layout, patient_pattern)]
        cases = [case for case in found if case.name not in plan.exclude]
        names = validation_names(cases, folds, fold, plan.seed)
    else:
        held = [case for case in cached_subjects(cache) if case.name not in plan.exclude]
        names = validation_names(held, folds, fold, plan.seed)
    said = f"fold {fold} of {folds}: validation on {', '.join(names)}"
    return plan.model_copy(update={"validation": names}), said


def _say(notes: Sequence[str], data: Sequence[Path], layout: str) -> None:
    if data:  # layouts need SimpleITK, which a machine that trains on a prepared cache may not have
        from napari_acs.training.layouts.unlisted import unlisted

        notes = (*notes, *unlisted(data, layout))
    for note in notes:
        typer.echo(note, err=True)


def _prepare(
    plan: RunPlan,
    data: tuple[Path, ...],
    cache: Path,
    layout: str,
    patient_pattern: str | None,
) -> None:
    from napari_acs.training.kinds import prepare_for

    with progress_shown("prepare") as show:
        said = _progress(show)
        prepare_for(plan, data, cache, said, layout=layout, patient_pattern=patient_pattern)


def _run(
    plan: RunPlan,
    order: Order,
    device: str,
    devices: int | None,
    json: str | None,
    notes: Sequence[str] = (),
) -> bool:
    """Train; return False where the user stopped it. Of several processes one says the notes."""
    from napari_acs.cli.train_company import in_company
    from napari_acs.inference import pick_device
    from napari_acs.training.kinds import run_kind
    from napari_acs.training.order import Company
    from napari_acs.training.processes import start_processes

    fabric = start_processes(pick_device(device), devices, plan.precision)
    with interruptible() as stop, in_company(fabric, order.run):
        if not fabric.is_global_zero:
            from napari_acs.cli.train_progress import quiet_steps

            run_kind(plan, order, Company(fabric, stop, quiet_steps, lambda *_: None))
            raise typer.Exit  # whether it was stopped, the main process says
        from napari_acs.cli.train_progress import follow_steps

        _say(notes, order.data, order.layout)
        with progress_shown(plan.id) as show:
            company = Company(fabric, stop, lambda s: follow_steps(plan, s, show), _progress(show))
            ended = run_kind(plan, order, company)
    if ended and fabric.is_global_zero:
        say_what_came(order, json)
    return ended


def _progress(show: Any) -> Any:
    def progress(stage: str, done: int, total: int) -> None:
        show(Progress(done, total, stage, done / total if total else 1.0))

    return progress
