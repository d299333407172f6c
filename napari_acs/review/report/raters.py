"""How far raters, their repeats and the AI agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.agreement.estimate import FEWEST
from napari_acs.review.agreement.intraclass import Intraclass, icc
from napari_acs.review.agreement.kappa import Kappa, cohen_kappa, fleiss_kappa
from napari_acs.review.agreement.limits import bland_altman
from napari_acs.review.agreement.overlap import Overlap, Reading, overlaps
from napari_acs.review.agreement.summary import summarise
from napari_acs.review.measure.regions import REGIONS
from napari_acs.review.report.content import Agreement, Volumes
from napari_acs.review.report.counted import empty_regions, left_out
from napari_acs.review.report.naming import AI
from napari_acs.review.session.database import reading
from napari_acs.review.session.given import given_on
from napari_acs.review.session.replay import mask_at, replaying
from napari_acs.review.session.state import DECIDED, REJECTED
from napari_acs.review.session.unchanged import OTHER_MASK, mask_is_other

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.review.report.naming import Names
    from napari_acs.review.session.merge import Merged, ReadRow

Masks = Callable[["ReadRow"], "tuple[NDArray[np.uint8], Grid] | None"]


@dataclass
class _Heap:
    """What was found so far; a mask is looked at once and let go."""

    overlaps: list[Overlap] = field(default_factory=list)
    volumes: dict[tuple[str, str, int], dict[str, float]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)


def agree(merged: Merged, names: Names, masks: Masks) -> Agreement | None:
    """Compare the reads of each case with each other and with the AI's mask.

    Reads that are decided count. Of an item that is read in two parts the first counts, in which
    the reader had not seen the AI. A rejected mask is nobody's reading: its decision counts, it
    does not. What was accepted in bulk nobody has looked at: neither counts.

    Parameters
    ----------
    merged : Merged
    names : Names
    masks : callable
        From a read to its labels and grid; None where they cannot be read.

    Returns
    -------
    Agreement or None
        None where there is nothing to compare but one rater's corrections with what they correct.
    """
    decided = [row for row in merged.reads if row.status in DECIDED and row.ai != "after"]
    rows = [row for row in decided if not row.bulk]
    alone = len(merged.states) == 1 and all(row.read == 1 and row.ai == "shown" for row in rows)
    if alone:
        return None
    heap = _Heap()
    heap.notes |= dict.fromkeys(left_out(merged.reads))
    for case in dict.fromkeys(row.case for row in rows):
        _compare([row for row in rows if row.case == case], merged, names, masks, heap)
    heap.notes |= dict.fromkeys(empty_regions(heap.overlaps))
    raters = tuple(names.raters[rater] for rater in merged.states)
    firsts = {
        names.raters[rater]: {r.case: r.status for r in rows if r.rater == rater and r.read == 1}
        for rater in merged.states
    }
    agreement = Agreement(
        raters,
        tuple(heap.overlaps),
        summarise(heap.overlaps),
        _decisions(firsts, heap),
        _repeats(rows, names),
        _volumes(heap),
        _intraclass(raters, heap),
        tuple(heap.notes),
    )
    told = agreement.overlaps or agreement.decisions or agreement.repeats
    return agreement if told else None


def _compare(
    rows: Sequence[ReadRow], merged: Merged, names: Names, masks: Masks, heap: _Heap
) -> None:
    called = names.cases[rows[0].case]
    readings: list[Reading] = []
    grid: Grid | None = None
    for row in rows:
        found = masks(row) if row.status != REJECTED else None
        if found is None:
            continue
        labels, own = found
        grid = grid or own
        if own.difference(grid) is not None:
            heap.notes[f"{called}: a mask on another grid than the first reader's is left out."] = (
                None
            )
            continue
        if row.ai != "hidden":
            heap.notes[_seen(row.ai)] = None
        readings.append(Reading(names.raters[row.rater], labels, row.read))
    if grid is None:
        return
    prediction = _prediction(rows, merged, grid, called, heap)
    if prediction is not None:
        readings.append(Reading(AI, prediction, is_ai=True))
    x, y, z = grid.spacing
    try:
        found_here = overlaps(called, readings, (z, y, x)) if len(readings) > 1 else ()
        for each in readings:
            heap.volumes[each.rater, called, each.attempt] = _ml(each.labels, grid)
    except BadInput as refusal:
        heap.notes[f"{called} is left out. {refusal.sentence()}"] = None
        return
    heap.overlaps += found_here


def _prediction(
    rows: Sequence[ReadRow], merged: Merged, grid: Grid, called: str, heap: _Heap
) -> NDArray[np.uint8] | None:
    """Return the newest prediction of the first rater whose file has one on the readers' grid.

    Else the mask of a model that came with the case, as its file is now: blinded reads have none in
    the session.
    """
    for row in rows:
        state = merged.states[row.rater]
        masks = [state.masks[number] for number in state.items[row.item].masks]
        machine = [m for m in masks if m.origin == "machine" and not m.grid.difference(grid)]
        if machine:
            with reading(row.file) as connection, replaying(row.file):
                return mask_at(connection, machine[-1])
    for row in rows:
        state = merged.states[row.rater]
        case = state.cases[row.case]
        if case.uncertainty is not None:  # its table says so: a model has made the mask
            found = given_on(state, case, row.file, grid)
            if found is not None:
                if mask_is_other(state, case, row.file):
                    heap.notes[f"{called}: the AI's mask is that of today. {OTHER_MASK}"] = None
                return found
    return None


def _ml(labels: NDArray[np.uint8], grid: Grid) -> dict[str, float]:
    return {
        name: int(np.count_nonzero(np.isin(labels, values))) * grid.voxel_ml
        for name, values in REGIONS.items()
    }


def _seen(ai: str) -> str:
    if ai == "before":
        return "Items that were read in two parts count with the first, before the AI was seen."
    return (
        "Some reads were made with the AI's mask in view: such readers agree with the AI and with "
        "each other more than readers who work alone."
    )


def _decisions(firsts: Mapping[str, Mapping[str, str]], heap: _Heap) -> Kappa | None:
    if len(firsts) < 2:
        return None
    shared = [c for c in next(iter(firsts.values())) if all(c in each for each in firsts.values())]
    if not shared:
        heap.notes["No case was decided by all raters, so there is no kappa of decisions."] = None
        return None
    told = [[each[case] for case in shared] for each in firsts.values()]
    if len(told) == 2:
        return cohen_kappa(*told, categories=DECIDED)
    return fleiss_kappa(told, categories=DECIDED)


def _repeats(rows: Sequence[ReadRow], names: Names) -> dict[str, Kappa]:
    found = {}
    for rater in dict.fromkeys(row.rater for row in rows):
        first = {r.case: r.status for r in rows if r.rater == rater and r.read == 1}
        again = {r.case: r.status for r in rows if r.rater == rater and r.read == 2}
        both = [case for case in again if case in first]
        if both:
            found[names.raters[rater]] = cohen_kappa(
                [first[c] for c in both], [again[c] for c in both], categories=DECIDED
            )
    return found


def _volumes(heap: _Heap) -> tuple[Volumes, ...]:
    """Return Bland-Altman of each two raters (first reads), and of each rater's two reads."""
    raters = dict.fromkeys(rater for rater, _, _ in heap.volumes)
    # The AI comes last: differences are its volume less the rater's.
    people = [rater for rater in raters if rater != AI]
    ordered = [*people, AI] if AI in raters else people
    sets = [((a, 1), (b, 1)) for a, b in combinations(ordered, 2)]
    sets += [((rater, 1), (rater, 2)) for rater in people]
    found = []
    for (first, one), (second, two) in sets:
        cases = [
            case
            for rater, case, attempt in heap.volumes
            if (rater, attempt) == (first, one) and (second, case, two) in heap.volumes
        ]
        if len(cases) < FEWEST:
            if cases and first != second:
                heap.notes[f"Limits of agreement need {FEWEST} cases or more."] = None
            continue
        for region in REGIONS:
            limits = bland_altman(
                [heap.volumes[first, case, one][region] for case in cases],
                [heap.volumes[second, case, two][region] for case in cases],
            )
            again = "" if first != second else f" #{two}"
            found.append(
                Volumes(
                    region, first + (again and f" #{one}"), second + again, tuple(cases), limits
                )
            )
    return tuple(found)


def _intraclass(raters: Sequence[str], heap: _Heap) -> dict[str, Intraclass]:
    cases = [
        case
        for rater, case, attempt in heap.volumes
        if (rater, attempt) == (raters[0], 1) and all((r, case, 1) in heap.volumes for r in raters)
    ]
    found: dict[str, Intraclass] = {}
    if len(raters) < 2 or len(cases) < FEWEST:
        return found
    for region in REGIONS:
        table = [[heap.volumes[rater, case, 1][region] for case in cases] for rater in raters]
        try:
            found[region] = icc(table)
        except BadInput as refusal:
            heap.notes[f"{region}: {refusal.sentence()}"] = None
    return found
