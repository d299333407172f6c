"""Corrected cases out of a review session, and which patient each is of."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from napari_acs.errors import BadInput
from napari_acs.imaging.csv_rows import read_csv_rows
from napari_acs.review.session.database import reading
from napari_acs.review.session.fold import read_state
from napari_acs.review.session.place import SUFFIX
from napari_acs.review.session.training_files import TABLE
from napari_acs.review.session.training_set import write_training_set
from napari_acs.training.same_patient import patient_key

_DRAFT: Final = re.compile(r"\..+-[0-9a-f]{12}-[0-9a-f]{32}")
"""How `write_training_set` calls a set that is not whole yet."""


@dataclass(frozen=True)
class Reviewed:
    """The folder of a session's cases, and why others of it are not there, by case."""

    folder: Path
    left_out: Mapping[str, str]


def is_session(path: Path) -> bool:
    """Whether a path is that of a review file."""
    return path.suffix.lower() == SUFFIX and not path.is_dir()


def folder_of(session: Path, run: Path) -> Reviewed:
    """Write the accepted and corrected cases of a session into a run's folder, once.

    A session that went on since is written anew, beside what is there.

    Parameters
    ----------
    session : Path
        A review file; it is only read.
    run : Path
        Made where it is missing.

    Raises
    ------
    BadInput
        It is no review file, or nothing of it can be trained on.
    Cancelled
    """
    with reading(session) as connection:
        head = str(read_state(connection).head)
    told = hashlib.sha256(f"{session.absolute()} {head}".encode()).hexdigest()[:12]
    folder = run / "reviewed" / f"{session.stem}-{told}"
    with _alone(folder.parent, run):
        if folder.is_dir():
            return Reviewed(folder, {})
        return Reviewed(folder, write_training_set(session, folder).left_out)


@contextmanager
def _alone(place: Path, run: Path) -> Iterator[None]:
    """Be the only process that writes sets into a folder, and sweep what killed ones left there."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place / ".lock")
        lock.acquire()
    except NotImplementedError:  # a file system without locks: nobody knows who is at work
        yield
        return
    except OSError as error:
        raise BadInput(f"{run} cannot be written", found=error.strerror or str(error)) from error
    try:
        for left in place.iterdir():
            if _DRAFT.fullmatch(left.name):
                shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        lock.release()


def patients_in(folders: Iterable[Path]) -> dict[str, str]:
    """Return the patient of each case, where a folder has the table that says so.

    Two exams of a patient have two pseudonyms in a session: their names do not tell.

    Parameters
    ----------
    folders : iterable of Path
        With a folder a case; one that `write_training_set` made has the table, too.

    Raises
    ------
    BadInput
        A table that cannot be read, or folders that give one case two patients.
    """
    patients: dict[str, str] = {}
    for folder in folders:
        table = folder / TABLE
        if not table.is_file():
            continue
        header, rows = read_csv_rows(table)
        if not {"case", "patient"} <= set(header):
            continue
        for _, row in rows:
            case, patient = row["case"], row["patient"]
            if not case or not patient:
                continue
            if patient_key(patients.setdefault(case, patient)) != patient_key(patient):
                raise BadInput(
                    f"The case {case} has two patients",
                    found=f"{patients[case]} and {patient} ({table})",
                    do="Give each case once only",
                )
    return patients
