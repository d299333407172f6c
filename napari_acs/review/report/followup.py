"""Two studies of one patient: how the tumour changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.review.measure.change import measure_change
from napari_acs.review.measure.together import bring_together
from napari_acs.review.report.content import FollowUp
from napari_acs.review.session.exams import days_between, places
from napari_acs.review.session.state import ACCEPTED, CORRECTED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.imaging.volume import Volume
    from napari_acs.review.report.naming import Names
    from napari_acs.review.session.merge import Merged, ReadRow

Images = Callable[["ReadRow"], Mapping[str, "Volume"]]
Masks = Callable[["ReadRow"], "tuple[NDArray[np.uint8], Grid] | None"]


@dataclass(frozen=True)
class _Pair:
    before: ReadRow
    after: ReadRow
    days: int | None


def pairs_of(merged: Merged) -> list[_Pair]:
    """Return the studies of one patient that follow each other in the session, by rater.

    By the days of their exams; a study whose day is not known stands where the session lists it.
    Of several reads of a case by one rater the one decided last counts: where that one rejects the
    mask, or asks for a second read, the case is left out, as it is of a training set.
    """
    cases = next(iter(merged.states.values())).cases
    last: dict[tuple[str, str, str], ReadRow] = {}
    for row in merged.reads:
        if row.patient and row.until is not None:
            key = (row.rater, row.patient, row.case)
            # By the log, not by the clock, which may have gone back.
            if key not in last or (last[key].until or 0) <= row.until:
                last[key] = row
    last = {
        key: row
        for key, row in last.items()
        if row.mask is not None and row.status in {ACCEPTED, CORRECTED}
    }
    found = []
    for rater in merged.states:
        for patient in dict.fromkeys(key[1] for key in last):
            rows = [row for key, row in last.items() if key[:2] == (rater, patient)]
            place = places({case: cases[case] for case in cases if case in {r.case for r in rows}})
            rows.sort(key=lambda row: place[row.case])
            found += [
                _Pair(a, b, days_between(cases[a.case], cases[b.case])) for a, b in pairwise(rows)
            ]
    return found


def follow_up(
    pair: _Pair,
    names: Names,
    images: Images,
    masks: Masks,
    cancelled: Callable[[], bool],
) -> FollowUp:
    """Compare two studies of a patient.

    Parameters
    ----------
    pair : _Pair
        Of `pairs_of`.
    names : Names
    images, masks : callable
        From a read to its case's volumes (none where they are not there), and to its labels.
    cancelled : callable
    """
    before, after = masks(pair.before), masks(pair.after)
    change, how = None, "A mask of one of the two studies cannot be read."
    if before is not None and after is not None:
        volumes = images(pair.before), images(pair.after)
        matrix, how = bring_together(*volumes, before[1], after[1], cancelled)
        if matrix is not None:
            try:
                change = measure_change(*before, *after, matrix, cancelled=cancelled)
                how = f"{how} {change.note}".rstrip()
            except BadInput as refusal:
                how = refusal.sentence()
    return FollowUp(
        names.raters[pair.before.rater],
        names.patients[pair.before.patient],
        names.cases[pair.before.case],
        names.cases[pair.after.case],
        change,
        how,
        pair.days,
    )
