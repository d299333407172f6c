"""``napari-acs evaluate``: a model's Dice and HD95 on cases with reference masks."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from napari_acs.cli import options
from napari_acs.cli.cancel import interruptible
from napari_acs.cli.outcome import end_with, exits
from napari_acs.cli.output import STDOUT, check_report, write_report
from napari_acs.inference.messages import Failure, Message, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_acs.inference import Evaluation
    from napari_acs.inference.evaluation import FailedCase
    from napari_acs.inference.subsets import SubsetScores
    from napari_acs.models import Bundle
    from napari_acs.training.layouts.labelled import AnyCase


@exits
def evaluate(
    *,
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            metavar="DIR",
            help="Folder with one folder a case, or a data set as nnU-Net, MSD, BIDS or a CSV lay "
            "it out; may be given again.",
        ),
    ],
    model: options.Model = "",
    cases: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="Names of cases, or their ends (01485). Left out: all that hold a mask.",
            show_default=False,
        ),
    ] = "",
    subsets: Annotated[
        bool,
        typer.Option(
            "--subsets",
            help="Also with every subset of the sequences that the model takes: what a missing "
            "one costs. The report then holds metrics.subsets of a model.json.",
        ),
    ] = False,
    cross_validated: Annotated[
        bool,
        typer.Option(
            "--cross-validated",
            help="Each case is judged by those networks of an ensemble only that never saw it, as "
            "its model.json says.",
        ),
    ] = False,
    device: options.Device = "auto",
    precision: options.Precision = "float32",
    json: options.JsonReport = None,
    force: options.Force = False,
    debug: options.Debug = False,
) -> None:
    """Score a model against reference masks (labels 0/1/2/4 or 0/1/2/3): WT, TC, ET."""
    check_report(json, force=force)
    from napari_acs.training.layouts.labelled import find_labelled

    named = [name.strip() for name in cases.split(",") if name.strip()]
    found = find_labelled(data, named)

    from napari_acs.inference import pick_device
    from napari_acs.inference.precision import pick_precision
    from napari_acs.models import default_bundle_id, load_bundle

    device = pick_device(device)
    precision = pick_precision(precision, device)
    bundle = load_bundle(model or default_bundle_id())
    from napari_acs.models.cross_validation import flattering, unseen
    from napari_acs.training.checks.folders import refuse_for_judging
    from napari_acs.training.layouts.unlisted import unlisted

    for case in found if cross_validated else ():
        unseen(bundle, case.name)  # names alone refuse what every member saw: before any file
    needed = [channel.name for channel in bundle.spec.input.channels if channel.required]
    seen = "" if cross_validated else flattering(bundle.spec, [case.name for case in found])
    left_out = () if named else unlisted(data)
    cautions = (*refuse_for_judging(found, needed), *filter(None, [seen]), *left_out)
    for caution in cautions:
        typer.echo(caution, err=True)
    how = {"subsets": subsets, "cross_validated": cross_validated}
    done = _evaluate(bundle, found, device, precision, **how)
    if not done.complete:
        count = sum(len(evaluation.cases) for evaluation in done.evaluations.values())
        do = f"Nothing was written; {count} of {done.total} segmentations were done"
        end_with(Failure("Cancelled", "", do, "cancelled"), debug=debug)
    write_report(json, _report(bundle, device, precision, done, cautions, subsets=subsets))
    if json != STDOUT:
        _print(done.fullest)
        if subsets:
            _print_subsets(done)
    for scored in done.fullest.cases:  # after the table, which is long
        if scored.doubt:
            typer.echo(scored.doubt, err=True)
    if done.failed:
        _end_short(done.failed, len(found), debug=debug)


def _evaluate(
    bundle: Bundle,
    found: Sequence[AnyCase],
    device: str,
    precision: str,
    *,
    subsets: bool,
    cross_validated: bool,
) -> SubsetScores:
    from napari_acs.cli.progress import progress_shown
    from napari_acs.inference.subsets import allowed_subsets, evaluate_subsets
    from napari_acs.models.stated import subset_key

    chosen = allowed_subsets(bundle.spec.input) if subsets else [()]
    total = len(chosen) * len(found)
    with interruptible() as cancelled, progress_shown(bundle.spec.id) as show:

        def progress(subset: int, number: int, message: Message) -> None:
            if isinstance(message, Progress):
                fraction = (subset * len(found) + number + message.fraction) / total
                words = (found[number].name, subset_key(chosen[subset]), message.stage)
                show(Progress(message.done, message.total, " ".join(filter(None, words)), fraction))

        return evaluate_subsets(
            bundle,
            found,
            chosen,
            device,
            precision=precision,
            cross_validated=cross_validated,
            go_on=True,
            cancelled=cancelled,
            progress=progress,
        )


def _end_short(failed: Sequence[FailedCase], asked: int, *, debug: bool) -> NoReturn:
    """End with the cases that have no scores, and why; the others were scored and written."""
    for each in failed:
        typer.echo(f"{each.case} was not scored. {each.failure.sentence()}", err=True)
    ours = [each.failure for each in failed if each.failure.kind == "internal"]
    names = ", ".join(each.case for each in failed)
    end = Failure(
        f"{len(failed)} of {asked} cases could not be scored: {names}",
        f"The figures are of the other {asked - len(failed)}" if asked > len(failed) else "",
        "Mend these cases, or leave them out (--cases)",
        "internal" if ours else "input",
        "\n".join(failure.detail for failure in ours),
    )
    end_with(end, debug=debug)


def _report(
    bundle: Bundle,
    device: str,
    precision: str,
    done: SubsetScores,
    cautions: Sequence[str],
    *,
    subsets: bool,
) -> dict[str, Any]:
    import napari_acs

    spec = bundle.spec
    return {
        "format": 1,
        "model": {"id": spec.id, "version": spec.version, "sha256": bundle.sha256},
        "napari-acs": napari_acs.__version__,
        "device": device,
        "precision": precision,
        **({"cautions": list(cautions)} if cautions else {}),
        **done.fullest.as_json(),
        **({"subsets": done.metrics()} if subsets else {}),
    }


def _print_subsets(done: SubsetScores) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("sequences", *(f"{name} Dice" for name in done.fullest.means()))
    for key, evaluation in done.evaluations.items():
        dice = (f"{mean['dice']:.3f}" for mean in evaluation.means().values())
        table.add_row(key, *dice)
    Console().print(table)


def _print(done: Evaluation) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    from napari_acs.imaging import TITLES
    from napari_acs.imaging.metrics import DEFINITIONS
    from napari_acs.inference.evaluation import CROSS_VALIDATED

    by = ("judged by\nmember",) if done.cross_validated else ()
    # Names of cases begin alike: cut short they are all one.
    heads = ("region", "Dice", "HD95\nmm", "found\nml", "true\nml", *by)
    table = Table(Column("case", no_wrap=True), *heads)
    for case in done.cases:
        members = ", ".join(map(str, case.members)) if case.members else "the model"
        for name, s in case.regions.items():
            numbers = (f"{s.dice:.3f}", f"{s.hd95_mm:.1f}")
            volumes = (f"{s.predicted_ml:.1f}", f"{s.reference_ml:.1f}")
            table.add_row(case.case, name, *numbers, *volumes, *(members for _ in by))
    for name, mean in done.means().items():
        table.add_row("mean", name, f"{mean['dice']:.3f}", f"{mean['hd95_mm']:.1f}", "", "")
    Console().print(table)
    lacking = {
        case.case: ", ".join(TITLES.get(key, key) for key in case.missing) for case in done.cases
    }
    said = "; ".join(f"{name} has no {keys}" for name, keys in lacking.items() if keys)
    if said:
        Console().print(f"Judged without sequences that the model takes: {said}.")
    if any(s.dice == 0 or s.hd95_mm == 0 for c in done.cases for s in c.regions.values()):
        Console().print(f"Empty masks {DEFINITIONS['empty_masks']}.")
    if done.cross_validated:
        Console().print(f"Cross-validated: {CROSS_VALIDATED}.")
