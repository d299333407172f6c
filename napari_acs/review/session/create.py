"""Make a session: hash the studies, give them pseudonyms, and write the first events."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import napari_acs
from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import ignore, never, stop_if
from napari_acs.imaging.pseudonym import files_key, patient_key, study_key
from napari_acs.review.session.database import connect_to_write
from napari_acs.review.session.dates import days_of
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.form import Form
from napari_acs.review.session.half_made import (
    refuse_half,
    remove_draft,
    sweep,
    take_places,
)
from napari_acs.review.session.lock import session_lock
from napari_acs.review.session.log import Draft, Log
from napari_acs.review.session.place import SUFFIX, claimed
from napari_acs.review.session.plan import Planned
from napari_acs.review.session.sources import Source
from napari_acs.review.session.spelling import check_text
from napari_acs.review.session.state import Case
from napari_acs.review.session.unchanged import content_of, digest_of

IDLE_S = 60.0
"""Seconds without a sign of the reader after which time stops, where nobody says another."""


def make_cases(
    sources: Sequence[Source],
    *,
    keep_names: bool = False,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[float], None] = ignore,
) -> list[Case]:
    """Hash the files of studies and name each by a pseudonym.

    Parameters
    ----------
    sources : sequence of Source
    keep_names : bool
        Call them as their folders and tables do instead. Of DICOM nothing but a pseudonym is
        taken.
    cancelled, progress : callable

    Raises
    ------
    BadInput
        A file cannot be read or has a name that is no text, or the secret of pseudonyms is missing.
    Cancelled
    """
    cases: list[Case] = []
    taken: set[str] = set()
    for done, (source, day) in enumerate(zip(sources, days_of(sources), strict=True)):
        progress(done / len(sources))
        _check_paths(source)
        digests = [digest_of(file, cancelled) for file in source.files]
        mask = digest_of(source.mask, cancelled) if source.mask else ""
        pseudonym = study_key(source.uid) if source.uid else files_key(digests)
        name = source.name if keep_names and not source.uid else pseudonym
        patient = source.patient
        if patient and not (keep_names and not source.uid):
            patient = patient_key(patient)
        cases.append(
            Case(
                name=_free(name, taken),
                patient=patient,
                content=content_of(digests, mask),
                path=str(source.path),
                sequences={key: str(path) for key, path in source.sequences.items()},
                mask=str(source.mask) if source.mask else "",
                labels=_keyed(source.labels),
                uncertainty=source.uncertainty,
                day=day,
            )
        )
    progress(1.0)
    return cases


def create_sessions(
    files: Mapping[str, Path],
    cases: Sequence[Case],
    plans: Mapping[str, Sequence[Planned]],
    *,
    form: Form | None = None,
    seed: int = 0,
    idle_s: float = IDLE_S,
    overwrite: bool = False,
    cancelled: Callable[[], bool] = never,
) -> str:
    """Write a review file for each rater, all of one session, and return the session's id.

    Parameters
    ----------
    files : mapping of str to Path
        By rater.
    cases : sequence of Case
    plans : mapping of str to sequence of Planned
        By rater; see `plan.make_plan`.
    form : Form, optional
    seed : int
        That the plans were drawn with.
    idle_s : float
    overwrite : bool
        Whether existing files may be replaced.
    cancelled : callable
        Asked for the last time before the first file takes its place.

    Raises
    ------
    BadInput
        No rater's name, a file that is there, one that somebody has open, or one that cannot be
        written; then none is left.
    Cancelled
        None is left.
    """
    for rater in files:
        if not rater.strip():
            raise BadInput("The rater has no name", do="Name who reads")
        check_text(rater, "A rater", "Spell it in UTF-8")
    session = uuid.uuid4().hex
    common = {
        "id": session,
        "version": napari_acs.__version__,
        "form": (form or Form()).model_dump(mode="json"),
        "idle_s": float(idle_s),
        "seed": seed,
    }
    if not overwrite:
        refuse_half(files.values())
    with claimed(files.values(), overwrite):
        _write_all(files, common, cases, plans, overwrite, cancelled)
    return session


def _write_all(
    files: Mapping[str, Path],
    common: Mapping[str, Any],
    cases: Sequence[Case],
    plans: Mapping[str, Sequence[Planned]],
    overwrite: bool,
    cancelled: Callable[[], bool],
) -> None:
    drafts: dict[Path, Path] = {}
    sweep(list(files.values()))
    with ExitStack() as locks:
        for path in files.values():
            draft = drafts[path] = path.with_name(f".{uuid.uuid4().hex}{SUFFIX}")
            locks.enter_context(session_lock(draft, "making it"))
            locks.callback(remove_draft, draft)
        for rater, path in files.items():
            reads = [planned.record() for planned in plans[rater]]
            home = str(path.absolute().parent)
            first = {**common, "rater": rater.strip(), "home": home, "reads": reads}
            stop_if(cancelled)
            _write(drafts[path], path, first, cases)
        stop_if(cancelled)
        take_places(drafts, overwrite)


def _write(draft: Path, path: Path, first: Mapping[str, Any], cases: Iterable[Case]) -> None:
    """Write a session into a draft; a refusal calls it as it is to be called."""
    with speaking(path, "cannot be written"):
        connection = connect_to_write(draft, new=True)
        try:
            log = Log(path, connection)
            log.append(
                Draft("session", data=first), *(Draft("case", data=asdict(c)) for c in cases)
            )
        finally:
            connection.close()  # which moves the write-ahead log into the file


def _keyed(labels: Mapping[int, int] | None) -> dict[str, int] | None:
    """Return the labels as JSON holds them, with texts for keys."""
    return None if labels is None else {str(value): ours for value, ours in labels.items()}


def _check_paths(source: Source) -> None:
    """Refuse what the session could not write down, or ITK not open."""
    paths = [source.path, *source.sequences.values(), *([source.mask] if source.mask else ())]
    for path in [*paths, *(() if source.uid else source.files)]:
        check_text(str(path), "A study", "Rename the file or folder, or copy it under another name")


def _free(name: str, taken: set[str]) -> str:
    """Return a name that no case has: the same study may come twice, with two masks."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free)
    return free
