"""``napari-acs train``: from cases with masks to a bundle, resumable at any moment."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import end_with, exits
from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure, Progress

if TYPE_CHECKING:
    from napari_acs.training.recipe import Recipe

_FEW = 50


@exits
def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of a shipped one.")
    ],
    *,
    data: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Folder with one folder a case; may be given again."),
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
            help="Folder of checkpoints and log; the same folder goes on where it stopped. Left "
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
    steps: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    device: options.Device = "auto",
    threads: Annotated[int | None, typer.Option(help="CPU threads.")] = None,
    debug: options.Debug = False,
) -> None:
    """Train a segmentation model by a recipe; Ctrl-C keeps a checkpoint to go on from."""
    from napari_acs.training.recipe import find_recipe, read_recipe

    plan = read_recipe(find_recipe(recipe))
    if steps is not None:
        plan = plan.model_copy(
            update={"steps": steps, "decay_steps": min(plan.decay_steps, steps // 3)}
        )
    if prepare is not None:
        _prepare(plan, data or [], prepare)
        return
    if out is None:
        raise BadInput("Nothing says where the bundle goes", do="Name its folder with --out")
    if out.exists():
        raise BadInput(f"{out} exists", do="Choose another folder, or move it away")
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    run = run or Path("runs") / plan.id
    if cache is None:
        cache = run / "cache"
        _prepare(plan, data or [], cache)
    from napari_acs.inference import pick_device

    on = pick_device(device)
    if not _loop(plan, cache, run, encoder_weights, on, from_scratch=from_scratch):
        do = f"The same command goes on from the checkpoint in {run}"
        end_with(Failure("Cancelled", "", do, "cancelled"), debug=debug)
    _publish(plan, data or [], cache, run, out, encoder_weights, from_scratch=from_scratch)


def _prepare(plan: Recipe, data: list[Path], cache: Path) -> None:
    from napari_acs.cli.progress import progress_shown
    from napari_acs.training.prepare import prepare

    if not data:
        raise BadInput("No case to train on was given", do="Name their folder with --data")
    phantoms = plan.phantom_share > 0
    with progress_shown("prepare") as show:
        for name, done, total in prepare(
            data, cache, plan.sequences, plan.spacing_mm, phantoms=phantoms
        ):
            show(Progress(done, total, name, done / total))


def _loop(
    plan: Recipe,
    cache: Path,
    run: Path,
    encoder_weights: Path | None,
    device: str,
    *,
    from_scratch: bool,
) -> bool:
    """Train; return False where the user stopped it."""
    from napari_acs.cli.progress import progress_shown
    from napari_acs.training.job import start_network, train_from_cache
    from napari_acs.training.validation import summary

    resumed = (run / "checkpoint.pt").exists()
    network = start_network(
        plan, None if resumed else encoder_weights, pretrained=not (resumed or from_scratch)
    )
    losses: list[float] = []
    last = plan.steps if resumed else 0
    stage = "training"
    with interruptible() as stop, progress_shown(plan.id) as show:
        for step in train_from_cache(plan, network, cache, run, stop, device):
            last = step.step
            losses = [*losses, step.loss][-_FEW:]
            if last % _FEW == 1:
                # Not at every step: without a terminal each new stage is a line of its own.
                stage = f"loss {sum(losses) / len(losses):.3f}"
            show(Progress(last, plan.steps, stage, last / plan.steps))
            if step.dice is not None:
                typer.echo(f"step {last}: validation Dice {summary(step.dice)}", err=True)
    return last >= plan.steps


def _publish(
    plan: Recipe,
    data: list[Path],
    cache: Path,
    run: Path,
    out: Path,
    encoder_weights: Path | None,
    *,
    from_scratch: bool,
) -> None:
    """Judge the network by the whole pipeline, and write the bundle with its card."""
    import shutil

    import torch

    from napari_acs.models import save_bundle
    from napari_acs.training.card import card
    from napari_acs.training.job import bundle_spec, published_network
    from napari_acs.training.judge import judge
    from napari_acs.training.prepare import ATLAS, cases_below

    network = published_network(plan, run)
    source = str(encoder_weights.name) if encoder_weights else "torchvision"
    training: dict[str, Any] = {
        "command": shlex.join(["napari-acs", *sys.argv[1:]]),
        "steps": plan.steps,
        "encoder_weights": "none (random)" if from_scratch else source,
        "torch": torch.__version__,
    }
    notes = run / "notes.txt"
    if notes.is_file():
        training["notes"] = " ".join(notes.read_text(encoding="utf-8").split())
    spec = bundle_spec(plan, training)
    draft = run / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    bundle = save_bundle(draft, spec, network)
    folders = cases_below(data) if data else []
    held_out = [folder for folder in folders if folder.name in plan.validation]
    atlas = cache / ATLAS if (cache / ATLAS).is_file() else None
    metrics = judge(bundle, held_out, atlas, say=lambda name: typer.echo(name, err=True))
    saved = save_bundle(out, {**spec, "metrics": metrics}, network, card(plan, training, metrics))
    for group in ("mean_cases", "mean_phantoms", "mean_hard_phantoms"):
        if group in metrics:
            dice = ", ".join(f"{r} {s['dice']:.3f}" for r, s in metrics[group].items())
            typer.echo(f"{group.removeprefix('mean_')}: mean Dice {dice}")
    typer.echo(f"{out}: {saved.spec.weights.size_bytes / 1e6:.1f} MB, {saved.sha256[:12]}")
