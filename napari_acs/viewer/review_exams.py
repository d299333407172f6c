"""The open case against the exam before of the same patient: what changed, as a computation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.review.measure.change import measure_change
from napari_acs.review.measure.together import bring_together
from napari_acs.review.session.exams import UNNAMED

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid
    from napari_acs.imaging.volume import Volume
    from napari_acs.review.measure.change import Change, RegionChange
    from napari_acs.review.measure.measures import Measures
    from napari_acs.review.session.exams import ExamBefore
    from napari_acs.review.session.state import Case, Mask, SessionState
    from napari_acs.viewer.review_desk import Desk


@dataclass(frozen=True, eq=False)
class ExamPair:
    """Two exams of a patient as the session has them: arrays (z, y, x on the masks' grids).

    ``labels_before`` is None where the exam was never opened: it has the mask that came with it.
    """

    state: SessionState
    path: Path
    before: ExamBefore
    mask: Mask
    labels_before: NDArray[np.uint8] | None
    labels: NDArray[np.uint8]

    @property
    def whose(self) -> str:
        """Which mask of the exam before it is, and what the reader has said of it."""
        if self.before.mask is None:
            return "the mask that came with it, not opened yet"
        earlier = self.state.masks[self.before.mask]
        return f"{earlier.title}, {self.state.items[earlier.item].status}"


@dataclass(frozen=True, eq=False)
class Compared:
    """What came of it; ``change`` is None where the two cannot be compared, ``how`` says why."""

    pair: ExamPair
    change: Change | None
    how: str


def take_exams(desk: Desk, before: ExamBefore) -> ExamPair:
    """Take the open case and the exam before from the session; in the session's thread.

    Raises
    ------
    BadInput
        No case is open, or the reader has no mask of the exam before.
    """
    mask, session = desk.journal.editor.mask, desk.session
    if not before.has_mask:
        if before.rejected:
            raise BadInput("The mask of the exam before was rejected", do="Read that exam again")
        raise BadInput("The exam before has no mask yet", do="Open it from the worklist first")
    earlier = None if before.mask is None else desk.array(before.mask)
    return ExamPair(session.state, session.path, before, mask, earlier, desk.array(mask.id))


def compare_exams(pair: ExamPair, cancelled: Callable[[], bool]) -> Compared:
    """Register the two exams, and measure both masks; slow, for a worker.

    Raises
    ------
    BadInput
        Images, or a mask, that cannot be read.
    Cancelled
    """
    from napari_acs.review.session.case_images import read_case_images  # noqa: PLC0415 (ITK)
    from napari_acs.review.session.locate import study_paths  # noqa: PLC0415

    def images(case: Case) -> Mapping[str, Volume]:
        if case.mask and case.mask == case.path:  # a study that is nothing but its mask
            return {}
        where = study_paths(pair.state, case, pair.path)
        return read_case_images(where, case.name, cancelled)

    item = pair.state.items[pair.mask.item]
    shown = replace(pair.state.cases[item.case], name=item.shown_name)  # in refusals
    _check_unchanged(pair, cancelled)
    labels_before, one = _earlier(pair)
    two = pair.mask.grid
    matrix, how = bring_together(images(_before(pair)), images(shown), one, two, cancelled)
    change = None
    if matrix is not None:
        try:
            change = measure_change(
                labels_before, one, pair.labels, two, matrix, cancelled=cancelled
            )
            how = f"{how} {change.note}".rstrip()
        except BadInput as refusal:
            how = refusal.sentence()
    return Compared(pair, change, how)


def _check_unchanged(pair: ExamPair, cancelled: Callable[[], bool]) -> None:
    """Refuse an exam before whose files are others by now: of the open case its reader is told."""
    from napari_acs.review.session.unchanged import (  # noqa: PLC0415 (SimpleITK)
        images_are_others,
        mask_is_other,
    )

    known, from_file = pair.before.case, pair.labels_before is None
    alone = bool(known.mask) and known.mask == known.path
    if (from_file and mask_is_other(pair.state, known, pair.path, cancelled)) or (
        not alone and images_are_others(pair.state, known, pair.path, cancelled)
    ):
        raise BadInput(
            f"{pair.before.called} is not compared with",
            found="another file of its mask, or of an image, than the session was made of",
            do="Open it from the worklist, or make a new session of the files as they are",
        )


def _earlier(pair: ExamPair) -> tuple[NDArray[np.uint8], Grid]:
    """Return the mask of the exam before, from its file where it was never opened."""
    if pair.labels_before is not None and pair.before.mask is not None:
        return pair.labels_before, pair.state.masks[pair.before.mask].grid
    from napari_acs.imaging import read_grid  # noqa: PLC0415 (SimpleITK)
    from napari_acs.review.session.locate import find_file  # noqa: PLC0415
    from napari_acs.review.session.masks import read_given  # noqa: PLC0415

    case = _before(pair)
    grid = read_grid(find_file(pair.state, case.mask, pair.path, case.name))
    return read_given(pair.state, case, pair.path, grid)[0], grid


def _before(pair: ExamPair) -> Case:
    """Return the case before under the name that the reader may be told, for refusals."""
    return replace(pair.before.case, name=pair.before.called)


def text_of(found: Compared) -> str:
    """Return the comparison as lines of text."""
    before = found.pair.before
    lines = [f"{titled(before)} ({found.pair.whose}), {when(before)}."]
    if found.change is not None:
        lines += [
            _line(name, region, found.change.before, found.change.after)
            for name, region in found.change.regions.items()
        ]
    lines.append(found.how)
    if found.change is not None:
        lines.append(found.change.statement)
    return "\n".join(lines)


def titled(before: ExamBefore) -> str:
    """Return what an exam is called at the start of a sentence."""
    return UNNAMED.capitalize() if before.called == UNNAMED else before.called


def when(before: ExamBefore) -> str:
    """Say how long before the open case an exam was."""
    if before.days is None:
        return "before this one in the list (the session knows no dates)"
    return "1 day before" if before.days == 1 else f"{before.days} days before"


def _line(name: str, region: RegionChange, before: Measures, after: Measures) -> str:
    return (
        f"{name}: volume {region.volume_before_ml:.2f} to {region.volume_after_ml:.2f} ml "
        f"({_percent(region.volume_change_percent)}{region.volume_category}), "
        f"diameter {_diameter(before, name)} to {_diameter(after, name)} mm, products "
        f"{region.product_before_mm2:.0f} to {region.product_after_mm2:.0f} mm² "
        f"({_percent(region.product_change_percent)}{region.product_category}), "
        f"new lesions {region.new_lesions}"
    )


def _percent(change: float | None) -> str:
    return "" if change is None else f"{round(change):+d} %, "


def _diameter(measures: Measures, name: str) -> str:
    axial = measures.regions[name].largest_axial
    return "0" if axial is None else f"{axial.diameter.length_mm:.1f}"
