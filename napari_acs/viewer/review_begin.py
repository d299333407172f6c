"""Which mask a reader edits when a case is opened, and the mask that came with the case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.review.session.masks import (
    given_mask,
    own_mask,
    start_empty,
    start_from,
    visible_masks,
)
from napari_acs.viewer.review_case import CaseImages, fitting, stamp_of

if TYPE_CHECKING:
    from napari_acs.imaging import Grid
    from napari_acs.review.session.session import Session
    from napari_acs.review.session.state import Mask


def mask_in_hand(session: Session, images: CaseImages) -> Mask:
    """Return the mask of an item that its reader edited last, or begin one.

    Raises
    ------
    BadInput
        A new one could not be written, or what it is begun from is damaged.
    """
    own = own_mask(session.state, images.item)
    return own or _new_mask(session, images.item, images.grids)


def take_given(session: Session, images: CaseImages) -> tuple[str, ...]:
    """Take the mask that came with the case into the session, where it may be seen.

    Returns
    -------
    tuple of str
        What was decided in reading it, or why it could not be read; nothing where it was there.
    """
    if not session.item(images.item).sees_others:
        return ()
    from napari_acs.review.session.unchanged import OTHER_MASK  # noqa: PLC0415 (SimpleITK)

    refusal: BadInput | None = None
    try:
        other = images.others or _is_other_now(session, images)
    except BadInput as unread:
        return (unread.sentence(),)
    said = () if other is images.others else (OTHER_MASK,)  # else the images' notes say it
    for grid in images.grids:
        try:
            before = session.state.head.seq
            given = given_mask(session, images.item, grid, other=other)
        except BadInput as misfit:  # drawn on another sequence
            refusal = refusal or misfit
        else:
            new = given is not None and session.state.head.seq > before
            return (*said, *given.provenance.get("notes", ())) if given and new else ()
    return (*said, refusal.sentence()) if refusal is not None else ()


def _is_other_now(session: Session, images: CaseImages) -> bool:
    """Tell whether the mask is another one since the images were read, or was not looked at then.

    Images may be read long before: for the next case, or for a first read without the mask.
    """
    from napari_acs.review.session.unchanged import mask_is_other  # noqa: PLC0415 (SimpleITK)

    line = session.item(images.item)
    taken = any(session.state.masks[mask].origin == "imported" for mask in line.masks)
    now = stamp_of(session.state, line.case, session.path)
    if taken or now is None or now == images.checked:
        return False
    return mask_is_other(session.state, session.state.cases[line.case], session.path)


def _new_mask(session: Session, item: int, grids: tuple[Grid, ...]) -> Mask:
    """Begin a mask: from the newest that may be seen and fits, else without a label."""
    if session.item(item).sees_others:
        there = [m for m in visible_masks(session.state, item) if fitting(grids, m.grid)]
        best = [m for m in there if m.origin == "machine"] or there
        if best:
            return start_from(session, best[-1].id)
    return start_empty(session, item, grids[0])
