"""Many studies classified at once: a line of CSV for each, also where it was refused."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from napari_acs.cli.classify_one import classify_study
from napari_acs.cli.outcome import CANCELLED, REFUSED
from napari_acs.cli.output import check_target
from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import Cancelled
from napari_acs.inference.messages import Failure

if TYPE_CHECKING:
    from napari_acs.models import ClassifierBundle

Row = dict[str, str]
_STATES = ("named", "abstained", "refused")


def check_table(table: Path, study: Path | None, *, given: Sequence[object], force: bool) -> None:
    """Make sure that ``--csv`` is meant as it must be, and that its file can be written.

    Parameters
    ----------
    table : Path
    study : Path or None
        The folder of studies.
    given : sequence
        Values of options that are of one study; all must be None.
    force : bool

    Raises
    ------
    BadInput
    """
    if study is None or not study.is_dir():
        raise BadInput(
            "--csv wants a folder of studies",
            found="none" if study is None else f"{study}, which is no folder",
            do="Name the folder whose subfolders are the studies",
        )
    if any(value is not None for value in given):
        raise BadInput(
            "--csv classifies many studies",
            found="an option of one study (--t1 ... --flair, --mask, --reference or --json)",
            do="Leave that out, or leave --csv out",
        )
    if table.suffix.lower() != ".csv":  # with --force, a slip of the hand would cost an image
        raise BadInput(f"--csv names {table.name}", expected="a file such as answers.csv")
    check_target(table, force=force)


def classify_folder(
    folder: Path,
    bundle: ClassifierBundle,
    table: Path,
    device: str,
    cancelled: Callable[[], bool],
    *,
    debug: bool,
) -> None:
    """Classify every subfolder of a folder, and write the table.

    The table grows beside its place, and takes it at the end, or where the user cancels.

    Parameters
    ----------
    folder : Path
        Its subfolders are the studies, in the order of their names; hidden ones are left out.
    bundle : ClassifierBundle
    table : Path
    device : str
    cancelled : callable
    debug : bool
        Show the traceback of a fault of ours.

    Raises
    ------
    BadInput
        There is no subfolder, or the table cannot be written.
    typer.Exit
        2 where a study was refused, 3 where the user cancelled.
    """
    studies = sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    if not studies:
        raise BadInput(f"{folder} holds no studies", expected="a subfolder for each")
    classes = [one.name for one in bundle.spec.classes]
    columns = ["study", "state", "named", *(f"p_{name}" for name in classes), "mask", "reason"]
    columns += ["model", "version", "sha256"]
    partial = table.with_name(f".{table.name}.part")
    states = []
    try:
        with partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            for row in _rows(studies, bundle, device, cancelled, debug=debug):
                writer.writerow(
                    row
                    | {
                        "model": bundle.spec.id,
                        "version": bundle.spec.version,
                        "sha256": bundle.sha256,
                    }
                )
                stream.flush()
                states.append(row["state"])
                typer.echo(f"{row['study']}: {row['named'] or row['reason']}")
            os.fsync(stream.fileno())
        partial.replace(table)
    except OSError as error:
        raise BadInput(f"{table} cannot be written", found=str(error.strerror or error)) from error
    finally:
        partial.unlink(missing_ok=True)
    counts = ", ".join(f"{states.count(state)} {state}" for state in _STATES)
    typer.echo(f"{len(states)} of {len(studies)} studies: {counts}. {bundle.spec.intended_use}")
    if len(states) < len(studies):
        typer.echo("Cancelled. The table holds what was done.", err=True)
        raise typer.Exit(CANCELLED)
    if "refused" in states:
        raise typer.Exit(REFUSED)


def _rows(
    studies: Sequence[Path],
    bundle: ClassifierBundle,
    device: str,
    cancelled: Callable[[], bool],
    *,
    debug: bool,
) -> Iterator[Row]:
    for study in studies:
        mask: Path | None = None
        try:
            mask = _mask_of(study) if bundle.spec.input.needs_mask else None
            _, _, end = classify_study(
                study, mask, bundle, reference=None, device=device, cancelled=cancelled
            )
        except Cancelled:
            return
        except BadInput as refusal:
            end = Failure(refusal.sentence(), "", "")
        row = {"study": study.name, "named": "", "mask": mask.name if mask else "", "reason": ""}
        if isinstance(end, Failure):
            if end.kind == "cancelled":
                return
            if debug and end.detail:
                typer.echo(end.detail, err=True)
            yield row | {"state": "refused", "reason": end.sentence()}
            continue
        found = end.classification
        yield (
            row
            | {f"p_{name}": f"{p:.4f}" for name, p in found.probabilities.items()}
            | {
                "state": "named" if found.named else "abstained",
                "named": " ".join(found.named),
                "reason": "" if found.named else found.sentence(),
            }
        )


def _mask_of(study: Path) -> Path:
    from napari_acs.inference.reference import find_mask

    return find_mask(study)
