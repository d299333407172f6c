"""Accepted and corrected masks with their images, as a data set that ``napari-acs train`` takes.

The layout is a CSV (docs/training-data.md): ``cases.csv`` with the patients' pseudonyms, so that no
patient comes to both sides of a split; ``dataset.json``, which says what the labels mean; and a
folder a case.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput, Unwritable
from napari_acs.imaging import read_volumes
from napari_acs.imaging.cancel import ignore, never, stop_if
from napari_acs.review.session.database import reading
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.fold import read_state
from napari_acs.review.session.locate import study_paths
from napari_acs.review.session.masks import made_elsewhere, read_given
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
    NOT_SAID,
    REASON,
    check_trainable,
    not_told_apart,
    unclear_label,
)
from napari_acs.review.session.training_files import TABLE, write_files, write_tables
from napari_acs.review.session.unchanged import (
    OTHER_IMAGES,
    images_are_others,
    mask_is_other,
)
from napari_acs.review.session.whole_folder import folder_drafted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid, Volume
    from napari_acs.review.report.naming import Names

_ROOM = "Free some space, or choose another folder; nothing was written"


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
    Masks of one label alone are left out where a training may take whole tumours for necrosis or
    oedema (`napari_acs.review.session.trainable.unclear_label`); where all are of that kind they
    are written without the table that says what labels mean.
    Cases and patients are called as ``names`` says, else as the session does.

    Raises
    ------
    BadInput
        The folder is there, or cannot be written, or no case can be exported.
    Cancelled
        Nothing is left then; what a killed export left is removed by the next one of that name.
    """
    if folder.exists():
        raise BadInput(f"{folder} is there already", do="Choose another folder")
    if not folder.absolute().parent.is_dir():
        raise BadInput(f"{folder} cannot be written", found=f"no folder {folder.parent}")
    try:
        with (
            speaking(folder, "cannot be written"),
            reading(session) as connection,
            folder_drafted(folder) as draft,
        ):
            state = read_state(connection)
            chosen = _chosen(state, statuses)
            rows: list[dict[str, str]] = []
            left_out: dict[str, str] = {}
            reasons: dict[str, str] = {}
            unclear: dict[str, tuple[Case, int]] = {}
            for done, item in enumerate(chosen):
                stop_if(cancelled)
                progress(done / len(chosen))
                called = names.cases[item.case] if names else item.case
                place = draft / called
                try:
                    row, value = _write_case(connection, state, item, session, place, cancelled)
                except _LeftOut as left:
                    shutil.rmtree(place, ignore_errors=True)
                    left_out[called] = left.refusal.sentence()
                    reasons[called] = left.reason
                    continue
                patient = state.cases[item.case].patient
                patient = names.patients[patient] if names else patient
                rows.append({"case": called, "patient": patient or called, **row})
                if value is not None:
                    unclear[called] = state.cases[item.case], value
            unsaid = len(unclear) == len(rows)
            for called, (case, value) in {} if unsaid else unclear.items():
                shutil.rmtree(draft / called)
                left_out[called] = not_told_apart(case, value).sentence()
                reasons[called] = REASON.format(value=value)
                rows = [row for row in rows if row["case"] != called]
            if not rows:
                why = next(iter(left_out.values()), f"no case that is {' or '.join(statuses)}")
                raise BadInput(f"{session.name} gives no training set", found=why)
            write_tables(draft, rows, unsaid=unsaid)
    except Unwritable as refusal:
        raise BadInput(f"{folder} cannot be written", found=refusal.found, do=_ROOM) from refusal
    progress(1.0)
    cases = tuple(row["case"] for row in rows)
    held = " or ".join(map(str, sorted({value for _, value in unclear.values()})))
    note = NOT_SAID.format(values=held) if unsaid else ""
    return TrainingSet(folder / TABLE, cases, left_out, reasons, note)


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
) -> tuple[dict[str, str], int | None]:
    """Write a case into a new folder that bears its name.

    Returns
    -------
    row : dict of str to str
        The table's columns of files.
    value : int or None
        The mask's only label where it is not known what that means.
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
        labels, grid, root = _labels(connection, state, item, session, volumes)
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
        row = write_files(place, volumes, labels, drawn_on)
    return row, unclear_label(state, item, labels, root)


def _labels(
    connection: sqlite3.Connection,
    state: SessionState,
    item: Item,
    session: Path,
    volumes: dict[str, Volume],
) -> tuple[NDArray[np.uint8], Grid, NDArray[np.uint8] | None]:
    """Return the labels that were decided on; of a given mask that was never opened its file.

    And the mask made elsewhere that they were begun from; None where the reader drew them.
    """
    assert item.decided is not None
    if item.decided.mask is not None:
        mask = state.masks[item.decided.mask]
        given = made_elsewhere(state, mask)
        with replaying(session):
            labels = mask_at(connection, mask, item.decided.seq)
            root = None if given is None else mask_at(connection, given)
            return labels, mask.grid, root
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
            labels = read_given(state, case, session, volume.grid)[0]
            return labels, volume.grid, labels
        except BadInput as other:  # drawn on another sequence
            refusal = other
    raise refusal
