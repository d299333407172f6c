"""What a reader does with an item besides drawing: go to it, answer, note, decide, reveal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput
from napari_acs.review.session.answers import check_answers, fitting_answers
from napari_acs.review.session.chain import plain
from napari_acs.review.session.form import form_of
from napari_acs.review.session.log import Draft
from napari_acs.review.session.masks import final_mask, own_mask
from napari_acs.review.session.spelling import whole_text
from napari_acs.review.session.state import DECIDED, SECOND_READ, Position

if TYPE_CHECKING:
    from napari_acs.review.session.session import Session
    from napari_acs.review.session.state import Item, Mask, SessionState

_MOST_NOTE = 20_000


def go_to(
    session: Session,
    item: int,
    index: tuple[int, int, int] | None = None,
    mask: int | None = None,
) -> None:
    """Record where the reader is: item, voxel (z, y, x) in view, mask that is edited.

    Time counts for the item from here. A session reopens there.
    """
    session.item(item)
    if session.state.position == Position(item, index, mask):
        note_activity(session)
        return
    session.record(Draft("position", item, mask, {"index": list(index) if index else None}))


def note_activity(session: Session) -> None:
    """Record that the reader is there (looks, scrolls), so that time goes on; see `activity`.

    The caller asks at most every few seconds; without an item in view nothing is recorded.
    """
    position = session.state.position
    if position is not None:
        session.record(Draft("active", position.item))


def write_note(session: Session, item: int, text: str) -> None:
    """Replace an item's note; the log keeps what was there.

    Raises
    ------
    BadInput
        It is too long.
    """
    too_long = _too_long(text)
    if too_long is not None:
        raise too_long
    text = whole_text(text)
    if text != session.item(item).note:
        session.record(Draft("note", item, data={"text": text}))


def answer(session: Session, item: int, answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replace an item's answers to the form, and return them as they are stored.

    Raises
    ------
    BadInput
        An answer does not fit; required ones may still be missing. The others are stored, and
        nothing in the place of one that does not fit.
    """
    stored, misfit = fitting_answers(form_of(session.state.form), answers)
    if stored != session.item(item).answers:
        session.record(Draft("answers", item, data={"answers": stored}))
    if misfit is not None:
        raise misfit
    return stored


def say(session: Session, item: int, note: str, answers: Mapping[str, Any]) -> BadInput | None:
    """Write an item's note and answers as far as they fit, each without regard to the others.

    Returns
    -------
    BadInput or None
        The first that does not fit.

    Raises
    ------
    BadInput
        They could not be written.
    """
    stored, misfit = fitting_answers(form_of(session.state.form), answers)
    answer(session, item, stored)
    too_long = _too_long(note)
    if too_long is None:
        write_note(session, item, note)
    return misfit or too_long


def keep_classification(session: Session, item: int, record: Mapping[str, Any]) -> None:
    """Record what a classifier said of the open case; what it said before stays in the log.

    Parameters
    ----------
    session : Session
    item : int
    record : mapping
        JSON-ready, as the Classify panel makes it: without names of files or patients.
    """
    said = plain(record)
    if said and said != session.item(item).classification:
        session.record(Draft("classification", item, data={"record": said}))


def decide(session: Session, item: int, status: str) -> Item:
    """Accept, correct or reject an item, or ask for a second read; the last word counts.

    Raises
    ------
    BadInput
        Another status, a required answer that is missing, or nothing to accept.
    """
    line = session.item(item)
    if status not in (*DECIDED, SECOND_READ):
        raise BadInput(f"{status!r} is no decision", expected=", ".join((*DECIDED, SECOND_READ)))
    if status in DECIDED:
        check_answers(form_of(session.state.form), line.answers, whole=True)
    mask = _read_now(session.state, line)
    session.record(Draft("decision", item, mask.id if mask else None, {"status": status}))
    return session.item(item)


def _read_now(state: SessionState, item: Item) -> Mask | None:
    """Return the mask that a decision is about: the reader's own, if there is one.

    Not the one decided on before: what was accepted in bulk and is read again was another's.
    """
    return own_mask(state, item.number) or final_mask(state, item)


def reveal(session: Session, item: int) -> Item:
    """Show the masks of others, after a first read; what was decided before is kept apart.

    Raises
    ------
    BadInput
        The item is not read so, or not decided yet.
    """
    line = session.item(item)
    if line.ai != "after":
        raise BadInput(
            f"item {item} has no second part",
            found=f"masks of others that are {line.ai} throughout",
        )
    if line.revealed:
        return line
    if line.decided is None or line.status not in DECIDED:
        raise BadInput(f"item {item} is not decided yet", do="Decide it without help first")
    session.record(Draft("revealed", item))
    return session.item(item)


def _too_long(note: str) -> BadInput | None:
    if len(note) <= _MOST_NOTE:
        return None
    return BadInput(
        "The note is too long",
        found=f"{len(note)} characters",
        expected=f"at most {_MOST_NOTE}",
        do="Shorten it",
    )
