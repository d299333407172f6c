"""Collect a report from review files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari_acs
from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import ignore, never, stop_if
from napari_acs.review.report.content import CaseReport, Log, Report
from napari_acs.review.report.followup import follow_up, pairs_of
from napari_acs.review.report.images import images_of
from napari_acs.review.report.naming import names_of
from napari_acs.review.report.raters import agree
from napari_acs.review.report.reading import report_read, voxels_of
from napari_acs.review.session.audit import AuditReport, audit_report
from napari_acs.review.session.form import form_of
from napari_acs.review.session.merge import Merged, ReadRow, merge, read_labels_of
from napari_acs.review.session.session import item_of
from napari_acs.review.session.verify import verify

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.imaging.volume import Volume
    from napari_acs.review.report.naming import Names

_DAMAGED = "The mask cannot be rebuilt from the log: the review file is damaged."


def gather(
    files: Sequence[Path],
    *,
    item: int | None = None,
    keep_names: bool = False,
    classifications: Mapping[int, Mapping[str, Any]] | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[float], None] = ignore,
) -> Report:
    """Verify review files and collect what they say; nothing is written to them.

    Parameters
    ----------
    files : sequence of Path
        Of one session, one a rater.
    item : int, optional
        That item of the worklist alone, and what the other raters made of its case (each may have
        an order of their own: of several raters the first file's worklist counts); then no
        follow-up and no agreement.
    keep_names : bool
        Call raters, cases and patients as the session does.
    classifications : mapping, optional
        By item of a single rater's session: what layers hold (the Classify panel's record).
    cancelled, progress : callable

    Raises
    ------
    BadInput
        A file that cannot be read, files that do not belong together, or no such item.
    Cancelled
    """
    merged = merge(files)
    rows = list(merged.reads) if item is None else _of_item(merged, item)
    if len(merged.states) == 1:  # else by case, so that what raters made of one stands together
        rows.sort(key=lambda row: row.item)
    names = names_of(merged, keep=keep_names)
    logs = tuple(
        _log(names.raters[rater], merged.states[rater].log, file)
        for rater, file in merged.files.items()
    )
    warnings: dict[str, None] = {}
    shelf = _Shelf(merged, warnings, cancelled)
    cases = []
    for done, row in enumerate(rows):
        stop_if(cancelled)
        progress(done / len(rows))
        given = (classifications or {}).get(row.item) if len(merged.states) == 1 else None
        cases.append(_case(row, merged, names, shelf, given))
    follow_ups = []
    for pair in pairs_of(merged) if item is None else ():
        stop_if(cancelled)
        follow_ups.append(follow_up(pair, names, shelf.images, shelf.masks, cancelled))
    agreement = agree(merged, names, shelf.masks) if item is None else None
    progress(1.0)
    first = next(iter(merged.states.values()))
    return Report(
        session=merged.session,
        made_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        version=napari_acs.__version__,
        title=form_of(first.form).title,
        logs=logs,
        cases=tuple(cases),
        follow_ups=tuple(follow_ups),
        agreement=agreement,
        audits=_audits(merged, names) if item is None else {},
        warnings=tuple(warnings),
    )


def _of_item(merged: Merged, number: int) -> list[ReadRow]:
    first, state = next(iter(merged.states.items()))
    case = item_of(state, number).case
    return [
        row
        for row in merged.reads
        if row.case == case and (row.rater != first or row.item == number)
    ]


class _Shelf:
    """Images of the case that was asked for last; masks that cannot be read are None."""

    def __init__(
        self, merged: Merged, warnings: dict[str, None], cancelled: Callable[[], bool]
    ) -> None:
        self._merged = merged
        self._warnings = warnings
        self.cancelled = cancelled
        self._last: dict[str, Mapping[str, Volume]] = {}

    def images(self, row: ReadRow) -> Mapping[str, Volume]:
        if row.case not in self._last:
            state = self._merged.states[row.rater]
            found, why = images_of(state, state.cases[row.case], row.file, self.cancelled)
            if why:
                self._warnings[why] = None
            kept = list(self._last.items())[-1:]  # a follow-up needs two studies at once
            self._last = dict([*kept, (row.case, found)])
        return self._last[row.case]

    def masks(self, row: ReadRow) -> tuple[NDArray[np.uint8], Grid] | None:
        try:
            return read_labels_of(row)
        except BadInput as refusal:
            self._warnings[refusal.sentence()] = None
            return None

    def warn(self, sentence: str) -> None:
        self._warnings[sentence] = None


def _case(
    row: ReadRow,
    merged: Merged,
    names: Names,
    shelf: _Shelf,
    classification: Mapping[str, Any] | None,
) -> CaseReport:
    state = merged.states[row.rater]
    problem, voxels = "", None
    try:
        voxels = voxels_of(row, state)
    except BadInput as refusal:
        shelf.warn(refusal.sentence())
        problem = _DAMAGED
    volumes = shelf.images(row) if voxels is not None else {}
    return report_read(row, state, names, voxels, volumes, classification, problem, shelf.cancelled)


def _audits(merged: Merged, names: Names) -> dict[str, AuditReport]:
    """Return the audit of every rater who accepted in bulk."""
    return {
        names.raters[rater]: audit_report(state)
        for rater, state in merged.states.items()
        if state.audits or any(i.decided and i.decided.bulk for i in state.items.values())
    }


def _log(rater: str, log: str, file: Path) -> Log:
    verdict = verify(file)
    return Log(
        rater,
        log,
        str(verdict.head),
        verdict.events,
        verdict.masks,
        verdict.sound,
        verdict.why,
        len(verdict.clock_went_back),
    )
