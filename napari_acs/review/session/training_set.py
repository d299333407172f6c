"""Accepted and corrected masks with their images, as a data set that ``napari-acs train`` takes.

The layout is a CSV (docs/training-data.md): ``cases.csv`` with the patients' pseudonyms, so that no
patient comes to both sides of a split; ``dataset.json``, which says what the labels mean; and a
folder a case.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput, Unwritable
from napari_acs.imaging import SEQUENCES, Volume, read_volumes, write_labels
from napari_acs.imaging.anonymous import write_anonymous
from napari_acs.imaging.cancel import ignore, never, stop_if
from napari_acs.review.session.database import reading
from napari_acs.review.session.drafts import draft_of
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.fold import read_state
from napari_acs.review.session.locate import study_paths
from napari_acs.review.session.masks import read_given
from napari_acs.review.session.replay import mask_at, replaying
from napari_acs.review.session.state import (
    ACCEPTED,
    CORRECTED,
    DECIDED,
    SECOND_READ,
    Case,
    Item,
    SessionState,
)
from napari_acs.review.session.trainable import (
    LABELS,
    NOT_SAID,
    REASON,
    check_trainable,
    not_told_apart,
    says_what_it_marks,
)
from napari_acs.review.session.unchanged import (
    OTHER_IMAGES,
    images_are_others,
    mask_is_other,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_acs.imaging import Grid
    from napari_acs.review.report.naming import Names

TABLE = "cases.csv"
"""Of a training set: which case is of which patient, and its files."""
_ROOM = "Free some space, or choose another folder; nothing was written"
_FIELDS = ("case", "patient", *SEQUENCES, "mask")


@dataclass(frozen=True)
class TrainingSet:
    """What was written.

    Attributes
    ----------
    table : Path
    cases : tuple of str
        In the table.
    left_out : mapping of str to str
        Why others are not, by case: sentences for the terminal, which may hold paths.
    reasons : mapping of str to str
        The same for files that are passed on: without a path.
    note : str
        What is to be done before it is trained on; empty where nothing is.
    """

    table: Path
    cases: tuple[str, ...]
    left_out: Mapping[str, str]
    reasons: Mapping[str, str]
    note: str = ""


class _LeftOut(Exception):
    """A case cannot be exported."""

    def __init__(self, reason: str, refusal: BadInput) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refusal = refusal


@contextmanager
def _else(reason: str) -> Iterator[None]:
    """Leave a case out for what is refused, with a reason that names no file."""
    try:
        yield
    except Unwritable:  # no other case can be written either
        raise
    except BadInput as refusal:
        raise _LeftOut(reason, refusal) from refusal


def write_training_set(
    session: Path,
    folder: Path,
    *,
    statuses: Collection[str] = (ACCEPTED, CORRECTED),
    names: Names | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[float], None] = ignore,
) -> TrainingSet:
    """Write the cases whose status is one of ``statuses`` into a new folder, or nothing.

    Of a case that was read twice the reading decided last counts, also where it rejects the mask.
    Images are written anew, without the texts of their headers; a mask has the grid of the image
    that it was drawn on, bit for bit where that is NIfTI (see `napari_acs.imaging.save_labels`).
    Masks of label 1 alone are left out, as a training would take whole tumours for necrosis; where
    all are of that kind they are written without the table that says what labels mean.
    Cases and patients are called as ``names`` says, else as the session does.

    Raises
    ------
    BadInput
        The folder is there, or cannot be written, or no case can be exported.
    Cancelled
        Nothing is left then.
    """
    try:
        with (
            speaking(folder, "cannot be written"),
            draft_of(folder) as draft,
            reading(session) as connection,
        ):
            state = read_state(connection)
            chosen = _chosen(state, statuses)
            rows: list[dict[str, str]] = []
            left_out: dict[str, str] = {}
            reasons: dict[str, str] = {}
            unclear: dict[str, Case] = {}
            for done, item in enumerate(chosen):
                stop_if(cancelled)
                progress(done / len(chosen))
                called = names.cases[item.case] if names else item.case
                place = draft / called
                try:
                    row, clear = _write_case(connection, state, item, session, place, cancelled)
                except _LeftOut as left:
                    shutil.rmtree(place, ignore_errors=True)
                    left_out[called] = left.refusal.sentence()
                    reasons[called] = left.reason
                    continue
                patient = state.cases[item.case].patient
                patient = names.patients[patient] if names else patient
                rows.append({"case": called, "patient": patient or called, **row})
                if not clear:
                    unclear[called] = state.cases[item.case]
            one_label = len(unclear) == len(rows)
            for called, case in {} if one_label else unclear.items():
                shutil.rmtree(draft / called)
                left_out[called], reasons[called] = not_told_apart(case).sentence(), REASON
                rows = [row for row in rows if row["case"] != called]
            if not rows:
                why = next(iter(left_out.values()), f"no case that is {' or '.join(statuses)}")
                raise BadInput(f"{session.name} gives no training set", found=why)
            _write_tables(draft, rows, one_label=one_label)
            draft.replace(folder)
    except Unwritable as refusal:
        raise BadInput(f"{folder} cannot be written", found=refusal.found, do=_ROOM) from refusal
    progress(1.0)
    cases = tuple(row["case"] for row in rows)
    return TrainingSet(folder / TABLE, cases, left_out, reasons, NOT_SAID if one_label else "")


def _chosen(state: SessionState, statuses: Collection[str]) -> list[Item]:
    """Return an item a case: of several readings the one decided last, if that is wanted.

    A case that was accepted, and rejected when it was read again, is one that was rejected.
    """
    last: dict[str, Item] = {}
    for item in state.items.values():
        if item.decided is None or item.status not in {*DECIDED, SECOND_READ, *statuses}:
            continue
        other = last.get(item.case)
        if other is None or other.decided is None or other.decided.seq < item.decided.seq:
            last[item.case] = item
    return [item for item in last.values() if item.status in statuses]


def _write_case(
    connection: sqlite3.Connection,
    state: SessionState,
    item: Item,
    session: Path,
    place: Path,
    cancelled: Callable[[], bool],
) -> tuple[dict[str, str], bool]:
    """Write a case into a new folder that bears its name.

    Returns
    -------
    row : dict of str to str
        The table's columns of files.
    clear : bool
        Whether it is known what the mask's labels mean.
    """
    case = state.cases[item.case]
    with _else("Its images cannot be found or read."):
        wanted = study_paths(state, case, session)
        others = images_are_others(state, case, session, cancelled)
    with _else("Its images are not those that the session was made of."):
        if others:
            raise BadInput(f"{case.name} cannot be trained on", found=OTHER_IMAGES)
    with _else("Its images cannot be found or read."):
        _, volumes = read_volumes(wanted, case.name, cancelled=cancelled)
    with _else("Its mask cannot be found or read."):
        labels, grid = _labels(connection, state, item, session, volumes)
    drawn_on = next((v for v in volumes.values() if v.grid.difference(grid) is None), None)
    with _else("Its mask lies on the grid of none of its images."):
        if drawn_on is None:
            raise BadInput(
                f"The mask of {case.name} is on the grid of none of its images",
                expected="the images that it was drawn on",
            )
    with _else("Its mask has labels other than 1 NCR, 2 ED, 3 ET."):
        check_trainable(case, labels)
    with _else("It cannot be written."):
        row = _write_files(place, volumes, labels, drawn_on)
    return row, says_what_it_marks(state, item, labels)


def _write_files(
    place: Path, volumes: Mapping[str, Volume], labels: NDArray[np.uint8], drawn_on: Volume
) -> dict[str, str]:
    place.mkdir()
    row = {}
    for key, volume in volumes.items():
        file = write_anonymous(place / f"{place.name}_{key}.nii.gz", volume)
        row[key] = file.relative_to(place.parent).as_posix()
    source = None if drawn_on.dicom else drawn_on.source
    file = write_labels(place / f"{place.name}_seg.nii.gz", labels, drawn_on.grid, source=source)
    return {**row, "mask": file.relative_to(place.parent).as_posix()}


def _labels(
    connection: sqlite3.Connection,
    state: SessionState,
    item: Item,
    session: Path,
    volumes: dict[str, Volume],
) -> tuple[NDArray[np.uint8], Grid]:
    """Return the labels that were decided on; of a given mask that was never opened its file."""
    assert item.decided is not None
    if item.decided.mask is not None:
        mask = state.masks[item.decided.mask]
        with replaying(session):
            return mask_at(connection, mask, item.decided.seq), mask.grid
    case = state.cases[item.case]
    refusal = BadInput(f"{case.name} has no mask")
    seen = bool(case.mask) and item.sees_others  # a blinded reader has not accepted that one
    if seen and mask_is_other(state, case, session):
        raise BadInput(
            f"The mask of {case.name} is not the one that was accepted",
            found="another file of it, or of an image, than the session was made of",
            do="Open the case and decide it",
        )
    for volume in volumes.values() if seen else ():
        try:
            return read_given(state, case, session, volume.grid)[0], volume.grid
        except BadInput as other:  # drawn on another sequence
            refusal = other
    raise refusal


def _write_tables(draft: Path, rows: list[dict[str, str]], *, one_label: bool) -> None:
    with (draft / TABLE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, _FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    if one_label:  # it would say that a whole tumour is necrosis
        return
    text = json.dumps({"labels": LABELS}, indent=2)
    (draft / "dataset.json").write_text(text + "\n", encoding="utf-8")
