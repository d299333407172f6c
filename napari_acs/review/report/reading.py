"""One read of one case: its mask, measures, pictures, and what the correction cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never
from napari_acs.imaging.names import TITLES
from napari_acs.review.edits.cost import edit_costs
from napari_acs.review.measure.midline import doubt_of, estimate_midline, sequence_for_midline
from napari_acs.review.measure.one_label import one_label_note
from napari_acs.review.measure.tumour import measure_tumour
from napari_acs.review.report.begun import Root, root_of
from napari_acs.review.report.content import Answer, Begun, CaseReport
from napari_acs.review.report.content import Midline as Found
from napari_acs.review.report.drawing import INTERPOLATED, pictures_of
from napari_acs.review.report.images import MASK_ALONE, NO_IMAGES, NO_SEQUENCE
from napari_acs.review.report.naming import Names, classification_facts, model_facts
from napari_acs.review.session.database import reading
from napari_acs.review.session.form import form_of
from napari_acs.review.session.read_facts import ReadFacts
from napari_acs.review.session.replay import mask_at, replaying
from napari_acs.review.session.state import ACCEPTED, CORRECTED, Mask, SessionState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.volume import Volume
    from napari_acs.review.measure.plane import Plane
    from napari_acs.review.session.merge import ReadRow


@dataclass(frozen=True, eq=False)
class Voxels:
    """The masks of one read: the one decided on, and the one that it was begun from."""

    mask: Mask
    labels: NDArray[np.uint8]
    root: Root | None
    start: NDArray[np.uint8] | None


def voxels_of(row: ReadRow, state: SessionState) -> Voxels | None:
    """Return the masks of a read; None where it has none.

    Raises
    ------
    BadInput
        The file is damaged.
    """
    if row.mask is None:
        return None
    with reading(row.file) as connection, replaying(row.file):
        mask = state.masks[row.mask]
        labels = mask_at(connection, mask, row.until)
        root = root_of(connection, state, mask, row.until)
        start = mask_at(connection, root.mask) if root else None
    return Voxels(mask, labels, root, start)


def report_read(
    row: ReadRow,
    state: SessionState,
    names: Names,
    voxels: Voxels | None,
    volumes: Mapping[str, Volume],
    classification: Mapping[str, Any] | None = None,
    problem: str = "",
    cancelled: Callable[[], bool] = never,
) -> CaseReport:
    """Measure and draw one read.

    Parameters
    ----------
    row : ReadRow
    state : SessionState
        Of the rater's file.
    names : Names
    voxels : Voxels or None
    volumes : mapping of str to Volume
        The case's images; empty where they are not there.
    classification : mapping, optional
        A record as the Classify panel keeps it; left out, what the masks' provenance holds.
    problem : str
        Why there are no voxels, for the page.
    cancelled : callable

    Raises
    ------
    Cancelled
    """
    problems = [problem] if problem else []
    report = _said(row, state, names, classification)
    if voxels is None:
        return replace(report, problems=tuple(problems))
    report = replace(report, mask_origin=voxels.mask.origin)
    grid = voxels.mask.grid
    case = state.cases[row.case]
    alone = bool(case.mask) and case.mask == case.path
    without = NO_SEQUENCE if volumes else MASK_ALONE if alone else NO_IMAGES
    found = _midline(volumes, voxels, problems, without)
    try:
        midline = found[1] if found else None
        measures = measure_tumour(voxels.labels, grid, midline, cancelled=cancelled)
    except BadInput as refusal:  # labels that are none of ours
        return replace(report, problems=(*problems, refusal.sentence()))
    if said := one_label_note(measures):
        problems.append(said)
    begun = _begun(voxels, problems, taken=row.status in (ACCEPTED, CORRECTED))
    pictures = pictures_of(voxels.labels, grid, measures, volumes)
    if any(each.interpolated for each in pictures):
        problems.append(INTERPOLATED)
    return replace(
        report,
        measures=measures,
        midline=found[0] if found else None,
        begun=begun,
        pictures=pictures,
        problems=tuple(problems),
    )


def _said(
    row: ReadRow,
    state: SessionState,
    names: Names,
    classification: Mapping[str, Any] | None,
) -> CaseReport:
    """Return what the log says of a read, without its mask."""
    facts = {each.name: getattr(row, each.name) for each in fields(ReadFacts)}
    called = {
        "rater": names.raters[row.rater],
        "case": names.cases[row.case],
        "patient": names.patients[row.patient],
    }
    return CaseReport(
        **{**facts, **called},
        answers=tuple(
            Answer(f.name, f.title, _text(row.answers[f.name], getattr(f, "unit", "")))
            for f in form_of(state.form).fields
            if f.name in row.answers
        ),
        classification=classification_facts(classification or _classified(row, state)),
    )


def _classified(row: ReadRow, state: SessionState) -> Any:
    """Return what the item was classified as, else what the provenance of its masks holds."""
    item = state.items[row.item]
    if item.classification:
        return item.classification
    masks = [state.masks[mask] for mask in item.masks]
    seen = [m for m in masks if m.origin == "human" or row.ai in {"shown", "after"}]
    held = [m.provenance.get("classification") for m in seen]
    return next((each for each in reversed(held) if each), None)


def _begun(voxels: Voxels, problems: list[str], *, taken: bool) -> Begun:
    root = voxels.root
    if root is None or voxels.start is None:
        return Begun("nothing", False, {}, {})
    same = root.unchanged or bool(np.array_equal(voxels.start, voxels.labels))
    # A mask that was taken as it came cost nothing, and counts in a mean; one that was rejected, or
    # is not decided on, says nothing of what it would cost.
    told, costs = taken or not same, {}
    try:
        costs = edit_costs(voxels.start, voxels.labels, voxels.mask.grid) if told else {}
    except BadInput as refusal:  # made elsewhere, of other labels; the reader's mask is measured
        problems.append(f"No edit cost: {refusal.sentence()}")
    return Begun(root.mask.origin, same, model_facts(root.mask.provenance), costs)


def _midline(
    volumes: Mapping[str, Volume], voxels: Voxels, problems: list[str], without: str
) -> tuple[Found, Plane] | None:
    grids = {sequence: volume.grid for sequence, volume in volumes.items()}
    name = sequence_for_midline(grids, voxels.mask.grid)
    if name is None:
        problems.append(without)
        return None
    try:
        found = estimate_midline(volumes[name])
    except BadInput as refusal:
        problems.append(refusal.sentence())
        return None
    if doubt := doubt_of(found):
        problems.append(doubt)
    return Found(TITLES[name], found.correlation, found.overlap), found.plane


def _text(value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return f"{value:g} {unit}".strip() if isinstance(value, int | float) else str(value)
