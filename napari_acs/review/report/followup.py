"""Two studies of one patient: how the tumour changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.measure.change import measure_change
from napari_acs.review.report.content import FollowUp
from napari_acs.review.session.state import ACCEPTED, CORRECTED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.imaging.volume import Volume
    from napari_acs.review.report.naming import Names
    from napari_acs.review.session.merge import Merged, ReadRow

_COMPARED = ("t1ce", "flair", "t2", "t1")

Images = Callable[["ReadRow"], Mapping[str, "Volume"]]
Masks = Callable[["ReadRow"], "tuple[NDArray[np.uint8], Grid] | None"]


@dataclass(frozen=True)
class _Pair:
    before: ReadRow
    after: ReadRow


def pairs_of(merged: Merged) -> list[_Pair]:
    """Return the studies of one patient that follow each other in the session, by rater.

    A session keeps no dates, so the study that it lists first counts as the earlier one. Of
    several reads of a case by one rater the last that was accepted or corrected is taken.
    """
    places = {case: at for at, case in enumerate(next(iter(merged.states.values())).cases)}
    last: dict[tuple[str, str, str], ReadRow] = {}
    for row in merged.reads:
        if row.patient and row.mask is not None and row.status in {ACCEPTED, CORRECTED}:
            key = (row.rater, row.patient, row.case)
            if key not in last or last[key].at <= row.at:
                last[key] = row
    found = []
    for rater in merged.states:
        for patient in dict.fromkeys(key[1] for key in last):
            rows = [row for key, row in last.items() if key[:2] == (rater, patient)]
            rows.sort(key=lambda row: places[row.case])
            found += [_Pair(a, b) for a, b in pairwise(rows)]
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
        matrix, how = _together(pair, before[1], after[1], images, cancelled)
        if matrix is not None:
            try:
                change = measure_change(*before, *after, matrix)
            except BadInput as refusal:
                how = refusal.sentence()
    return FollowUp(
        names.raters[pair.before.rater],
        names.patients[pair.before.patient],
        names.cases[pair.before.case],
        names.cases[pair.after.case],
        change,
        how,
    )


def _together(
    pair: _Pair, before: Grid, after: Grid, images: Images, cancelled: Callable[[], bool]
) -> tuple[NDArray[np.float64] | None, str]:
    one, two = images(pair.before), images(pair.after)
    name = next((each for each in _COMPARED if each in one and each in two), None)
    if name is not None:
        from napari_acs.imaging.registration.register import register  # noqa: PLC0415 (SimpleITK)

        try:
            found = register(one[name], two[name], cancelled=cancelled)
        except BadInput as refusal:
            return None, f"The two studies could not be registered. {refusal.sentence()}"
        if found.verdict == "failed":
            return None, f"The registration of the two studies failed: {found.why}"
        said = "" if found.verdict == "good" else f" To be looked at: {found.why}"
        return found.matrix, (
            f"Registered by a rigid move of {found.moved_mm:.1f} mm and {found.turned_deg:.1f} "
            f"degrees.{said}"
        )
    if before.difference(after) is None:
        return np.eye(4), (
            "The images are not there to register; both masks lie on one grid, which was taken "
            "for the same place in the patient."
        )
    return None, "The images are not there to register, and the masks lie on different grids."
