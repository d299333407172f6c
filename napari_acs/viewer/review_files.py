"""What is done with whole review files, in a worker: make one, verify it, export it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.state import Ai
from napari_acs.viewer.whole_file import write_whole


def make_session(
    places: Sequence[Path],
    rater: str,
    file: Path,
    form: Path | None = None,
    *,
    ai: Ai = "shown",
    repeats: float = 0.0,
    shuffled: bool = False,
    seed: int = 0,
    cancelled: Callable[[], bool] = never,
) -> Path:
    """Make a session of one rater, and return its file.

    Raises
    ------
    BadInput
        No study, no rater's name, a form that is none, or a file that is there.
    Cancelled
    """
    from napari_acs.review.session.create import create_sessions, make_cases  # noqa: PLC0415 (ITK)
    from napari_acs.review.session.form import read_form  # noqa: PLC0415
    from napari_acs.review.session.place import claimed  # noqa: PLC0415
    from napari_acs.review.session.sources import find_sources  # noqa: PLC0415

    asked = read_form(form) if form is not None else None
    if not rater:
        raise BadInput("The rater has no name", do="Name who reads")
    with claimed([file], overwrite=False):  # asked before the studies are hashed: minutes
        pass
    cases = make_cases(find_sources(places, cancelled=cancelled), cancelled=cancelled)
    plan = make_plan(
        [case.name for case in cases], ai=ai, repeats=repeats, shuffled=shuffled, seed=[seed, 0]
    )
    create_sessions({rater: file}, cases, {rater: plan}, form=asked, seed=seed, cancelled=cancelled)
    return file


def verified(file: Path) -> str:
    """Verify a session, and say what was found.

    Raises
    ------
    BadInput
        It is not as it was written, or cannot be read.
    """
    from napari_acs.review.session.verify import verify  # noqa: PLC0415 (as slow as it is rare)

    verdict = verify(file)
    if not verdict.sound:
        raise BadInput(
            f"{file.name} is not as it was written",
            found=verdict.why,
            do="Go on from a backup, and keep this file",
        )
    return (
        f"{file.name}: {verdict.events} events, {verdict.masks} masks and {verdict.snapshots} "
        f"snapshots are as they were written. Log head {verdict.head}; keep it: it shows later "
        "whether events at the end were cut off."
    )


def export_reads(file: Path, target: Path) -> str:
    """Write a session's reads as CSV or JSON, by the target's name; the user was asked.

    Nobody is named; see `napari_acs.review.report.naming`.

    Raises
    ------
    BadInput
        Another ending, or it cannot be written; what was there before stays.
    """
    from napari_acs.review.report.naming import names_of  # noqa: PLC0415
    from napari_acs.review.session.export import report_of, table_of  # noqa: PLC0415
    from napari_acs.review.session.merge import merge  # noqa: PLC0415
    from napari_acs.review.session.verify import changed_logs  # noqa: PLC0415

    kind = target.suffix.lower()
    if kind not in {".csv", ".json"}:
        raise BadInput(f"{target.name} names no export", expected="a name with .csv or .json")
    merged = merge([file])
    names = names_of(merged)
    if kind == ".csv":
        text = table_of(merged, names)
    else:
        text = json.dumps(report_of(merged, names), indent=2, ensure_ascii=False) + "\n"
    write_whole(target, text)
    heads = ", ".join(str(head) for head in merged.heads.values())
    said = f"{target.name}: {len(merged.reads)} reads. Log head {heads}."
    for why in changed_logs(merged.files).values():
        said += f" The log is NOT as it was written: {why}."
    return said


def export_training(file: Path, folder: Path, cancelled: Callable[[], bool] = never) -> str:
    """Write accepted and corrected masks with their images into a new folder.

    Raises
    ------
    BadInput
        The folder is there, or no case can be exported.
    Cancelled
    """
    from napari_acs.review.report.naming import names_of  # noqa: PLC0415
    from napari_acs.review.session.merge import merge  # noqa: PLC0415
    from napari_acs.review.session.training_set import write_training_set  # noqa: PLC0415 (ITK)
    from napari_acs.review.session.verify import changed_logs  # noqa: PLC0415

    merged = merge([file])
    names = names_of(merged)
    made = write_training_set(file, folder, names=names, cancelled=cancelled)
    said = f"{made.table}: {len(made.cases)} cases. {made.note}".rstrip()
    if made.left_out:
        said += f" {len(made.left_out)} left out: {' '.join(made.left_out.values())}"
    for why in changed_logs(merged.files).values():
        said += f" The log is NOT as it was written: {why}."
    return said
