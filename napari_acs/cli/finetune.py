"""``napari-acs finetune``: from corrected masks to a new bundle, judged against the old one."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import end_with, exits
from napari_acs.cli.output import STDOUT, check_report, write_report
from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_acs.models import Bundle
    from napari_acs.models.spec import BundleSpec
    from napari_acs.training.finetune.split import Split


def _folders(help: str) -> Any:
    return typer.Option(metavar="DIR", help=f"{help}; may be given again.", show_default=False)


@exits
def finetune(
    model: Annotated[
        str,
        typer.Argument(
            metavar="BUNDLE", help="Model id (see `napari-acs models list`) or a bundle's folder."
        ),
    ],
    *,
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR|SESSION",
            help="Folder of the corrected cases, one folder with one mask a case; or a data set as "
            "nnU-Net, MSD, BIDS or a CSV lay it out; or a review session (.review), of which the "
            "accepted and corrected cases are taken; may be given again.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="NEW", help="Folder of the bundle to write.")],
    id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Left out: the old one and -finetuned."),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(
            metavar="TITLE", help="As lists of models show it. Left out: the old one, fine-tuned."
        ),
    ] = None,
    new_version: Annotated[
        str, typer.Option("--new-version", metavar="VERSION", help="Of the new bundle.")
    ] = "1.0.0",
    freeze_encoder: Annotated[
        bool,
        typer.Option("--freeze-encoder", help="Leave the encoder, and its statistics, as it is."),
    ] = False,
    steps: Annotated[
        int | None, typer.Option(help="Left out: 300, of an untrained bundle 2000.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Left out: 1e-4, of an untrained bundle 1e-3.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Patches a step; fewer need less memory.")] = 2,
    seed: Annotated[int, typer.Option(help="Of the split and of all draws.")] = 0,
    keep_out: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the patients, held out to judge by.")
    ] = 0.3,
    validation: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="Names of the cases to hold out, or their ends, instead of a share.",
            show_default=False,
        ),
    ] = "",
    rehearse: Annotated[
        list[Path] | None, _folders("Other cases with masks, mixed in against forgetting")
    ] = None,
    parent_data: Annotated[
        list[Path] | None,
        _folders("Cases that the old model was judged on: scored before and after as well"),
    ] = None,
    phantoms: Annotated[
        int,
        typer.Option(min=0, help="Also score so many fresh phantoms of each kind (needs nilearn)."),
    ] = 0,
    promote: Annotated[
        bool,
        typer.Option("--promote", help="Add the new model to yours and make it the default."),
    ] = False,
    accept_worse: Annotated[
        bool, typer.Option("--accept-worse", help="Promote it even if it is worse.")
    ] = False,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of cache, checkpoints and log; the same folder goes on where it stopped. "
            "Left out: runs/ID.",
        ),
    ] = None,
    device: options.Device = "auto",
    threads: Annotated[int | None, typer.Option(help="CPU threads.")] = None,
    json: options.JsonReport = None,
    debug: options.Debug = False,
) -> None:
    """Fine-tune a model from masks you corrected; the old one is kept as it is.

    The new one is judged against the old one on held-out corrected cases. Ctrl-C keeps a
    checkpoint: the same command goes on from it.
    """
    if accept_worse and not promote:
        raise BadInput("--accept-worse is said of nothing", do="Add --promote, or leave it out")
    _refuse_existing(out)
    check_report(json, force=False)
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    from napari_acs.cli.finetune_work import carry_out
    from napari_acs.imaging.cancel import Cancelled
    from napari_acs.inference import pick_device
    from napari_acs.models import load_bundle
    from napari_acs.models.adding import refuse_taken
    from napari_acs.training.alone import alone_in
    from napari_acs.training.checks.folders import refuse_for_judging, refuse_for_learning
    from napari_acs.training.finetune.folders import gather
    from napari_acs.training.finetune.plan import Wish, id_of, refuse_senseless, refuse_untrainable
    from napari_acs.training.finetune.promote import promote as promoted
    from napari_acs.training.finetune.run import plan_of

    wish = Wish(id, title, new_version, freeze_encoder, steps, learning_rate, batch, seed)
    refuse_senseless(wish)
    on = pick_device(device)
    named = [name.strip() for name in validation.split(",") if name.strip()]
    parent = load_bundle(model)
    spec = refuse_untrainable(parent.spec)
    run = run or Path("runs") / (id or id_of(spec))
    split = gather(
        spec,
        [_folder(each, run) for each in data],
        rehearse=rehearse or (),
        judged=parent_data or (),
        named=named,
        share=keep_out,
        seed=seed,
    )
    plan = plan_of(parent, split, wish, phantoms)
    if promote:
        refuse_taken(plan.recipe.id, "name the new one with --id")
    _say(spec, split, [*data, *(rehearse or ())])
    needed = [channel.name for channel in spec.input.channels if channel.required]
    corrected = (*split.training, *split.held_out)
    refuse_for_learning(corrected, split.rehearsed, required=needed)
    for caution in refuse_for_judging(split.judged, needed):
        typer.echo(caution, err=True)
    try:
        with alone_in(run, out), interruptible() as stop:
            done = carry_out(plan, run, out, on, stop)
    except Cancelled:
        do = f"The same command goes on with the run in {run}"
        end_with(Failure("Cancelled", "", do, "cancelled"), debug=debug)
    write_report(json, done.report(plan))
    if json != STDOUT:
        done.show()
    if not (promote or done.verdict.worse):
        typer.echo(_how_to_use(done.bundle), err=True)
    if promote:
        entry = promoted(done.bundle, done.verdict, accept_worse=accept_worse)
        typer.echo(f"{entry.spec.id} is now the default model: {entry.path}", err=True)


def _say(spec: BundleSpec, split: Split, places: Sequence[Path]) -> None:
    """Say what is left out, what judges, and whether the old model saw it."""
    from napari_acs.models.cross_validation import flattering
    from napari_acs.training.layouts.unlisted import unlisted

    seen = flattering(spec, [case.name for case in split.held_out])
    for said in filter(None, (*unlisted(places), split.sentence(), seen)):
        typer.echo(said, err=True)


def _refuse_existing(out: Path) -> None:
    from napari_acs.models.atomic import refuse_existing

    if (out / "model.json").is_file():
        raise BadInput(
            f"{out} exists, with a finished model",
            do=f"napari-acs models add {out} takes it among yours, as it is. For a new one choose "
            "another name, or move it away",
        )
    refuse_existing(out)


def _how_to_use(bundle: Bundle) -> str:
    spec = bundle.spec
    return (
        f"The models that napari-acs offers are as they were. To use it: napari-acs models add "
        f"{bundle.path}; to have it offered first: napari-acs models default {spec.id}"
    )


def _folder(data: Path, run: Path) -> Path:
    """Return the folder of the corrected cases; those of a session are written into the run's."""
    from napari_acs.training.finetune.reviewed import folder_of, is_session

    if not is_session(data):
        return data
    reviewed = folder_of(data, run)
    for case, why in reviewed.left_out.items():
        typer.echo(f"{case} is left out: {why}", err=True)
    return reviewed.folder
