"""Masks of an item: a new one, a prediction beside it, one that was made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import read_segments
from napari_acs.imaging.labels.tissues import SINCE_2023
from napari_acs.review.session.editing import as_labels
from napari_acs.review.session.fold import grid_record
from napari_acs.review.session.locate import find_file
from napari_acs.review.session.log import Draft
from napari_acs.review.session.replay import mask_at, replaying
from napari_acs.review.session.state import Item, Mask, SessionState
from napari_acs.review.session.voxels import encode_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid
    from napari_acs.review.session.session import Session
    from napari_acs.review.session.state import Case, Origin

_OLD_ET, _ET = 4, 3
"""Enhancing tumour in the masks of BraTS until 2021, and here."""
_OTHER = "other_than_at_the_making"
"""In the provenance of a mask that came with a case."""


def start_empty(session: Session, item: int, grid: Grid, title: str = "My mask") -> Mask:
    """Begin a mask of the reader's without a label."""
    return _add(session, item, np.zeros(grid.shape, np.uint8), grid, "human", title)


def start_from(session: Session, parent: int, title: str = "My mask") -> Mask:
    """Begin a mask of the reader's as a copy of another mask of the same item.

    Raises
    ------
    BadInput
        The reader may not see that mask.
    """
    source = session.state.masks[parent]
    if source not in visible_masks(session.state, source.item):
        raise BadInput(
            f"item {source.item} is read without the masks of others",
            expected="a mask of the reader's own",
        )
    with replaying(session.path):
        labels = mask_at(session.log.connection, source)
    return _add(session, source.item, labels, source.grid, "human", title, parent=parent)


def add_prediction(
    session: Session,
    item: int,
    labels: NDArray[Any],
    grid: Grid,
    *,
    title: str,
    uncertainty: float | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Mask:
    """Store what a model has found, beside all that is there; nothing is replaced.

    Parameters
    ----------
    session : Session
    item : int
    labels : array of integers, shape (z, y, x)
    grid : Grid
    title : str
        The model's.
    uncertainty : float, optional
        One number a case, the higher the less sure.
    provenance : mapping, optional
        Plain values: model id and hash, version, device, precision ...
    """
    return _add(
        session,
        item,
        labels,
        grid,
        "machine",
        title,
        uncertainty=uncertainty,
        provenance=dict(provenance or {}),
    )


def given_mask(session: Session, item: int, grid: Grid, *, other: bool = False) -> Mask | None:
    """Return the mask that came with the item's case, taken into the session at the first call.

    Parameters
    ----------
    session : Session
    item : int
    grid : Grid
        Of the study; the file may be a crop of it, see `napari_acs.imaging.read_segments`.
    other : bool
        It, or an image, is known to be another file than at the session's making: what the
        session's table says of its uncertainty is not about it, see `is_other`.

    Returns
    -------
    Mask or None
        None where the case came without.
    """
    line = session.item(item)
    case = session.state.cases[line.case]
    if not case.mask:
        return None
    taken = [session.state.masks[mask] for mask in line.masks]
    found = next((mask for mask in taken if mask.origin == "imported"), None)
    if found is not None:
        return found
    labels, notes = read_given(session.state, case, session.path, grid)
    told = {"notes": notes, **({_OTHER: True} if other else {})}
    return _add(session, item, labels, grid, "imported", "Given mask", provenance=told)


def is_other(state: SessionState, item: int) -> bool:
    """Tell whether the mask that came with an item was another file when it was taken."""
    masks = map(state.masks.__getitem__, state.items[item].masks)
    return any(m.origin == "imported" and bool(m.provenance.get(_OTHER)) for m in masks)


def made_elsewhere(state: SessionState, mask: Mask) -> Mask | None:
    """Return the mask that came with the case, where one is it or was copied from it, else None."""
    at: Mask | None = mask
    while at is not None and at.origin == "human":
        at = None if at.parent is None else state.masks[at.parent]
    return at if at is not None and at.origin == "imported" else None


def read_given(
    state: SessionState, case: Case, session: Path, grid: Grid
) -> tuple[NDArray[np.uint8], list[str]]:
    """Read the mask that came with a case; labels as they are here (1 NCR, 2 ED, 3 ET).

    Returns
    -------
    labels : ndarray of uint8, shape (z, y, x)
    notes : list of str
        What was decided in reading.
    """
    path = find_file(state, case.mask, session, case.name)
    file, name = read_segments(path, grid), path.name
    labels, notes = np.asarray(file.volume.array, np.uint8), list(file.notes)
    if case.labels is None:
        notes.append("Its labels are none of NCR, ED and ET; they were kept as they are.")
    elif case.labels:
        ours = np.arange(256, dtype=np.uint8)
        for value, meant in case.labels.items():
            ours[int(value) % 256] = meant
        labels = ours[labels]
        notes.append("Its values were changed to 1 NCR, 2 ED, 3 ET, as its data set names them.")
    elif labels.max() == _OLD_ET and not ((labels == _ET).any() or SINCE_2023.match(name)):
        labels = np.where(labels == _OLD_ET, _ET, labels).astype(np.uint8)
        notes.append("Value 4 was taken for enhancing tumour, as in BraTS until 2021.")
    return labels, notes


def visible_masks(state: SessionState, item: int) -> list[Mask]:
    """Return the masks of an item that its reader may see; blinded reads see their own alone."""
    line = state.items[item]
    masks = [state.masks[mask] for mask in line.masks]
    return [mask for mask in masks if mask.origin == "human" or line.sees_others]


def own_mask(state: SessionState, item: int) -> Mask | None:
    """Return the mask of an item that its reader edited last; None where they have none."""
    own = [m for m in map(state.masks.__getitem__, state.items[item].masks) if m.origin == "human"]
    position = state.position
    if position is not None and position.item == item:
        own = [mask for mask in own if mask.id == position.mask] or own
    return own[-1] if own else None


def final_mask(state: SessionState, item: Item) -> Mask | None:
    """Return the mask that stands for an item: the one decided on, the reader's, or the last."""
    seen = {mask.id: mask for mask in visible_masks(state, item.number)}
    if item.decided is not None and item.decided.mask in seen:
        return seen[item.decided.mask]
    own = [mask for mask in seen.values() if mask.origin == "human"]
    best = own or list(seen.values())
    return best[-1] if best else None


def _add(
    session: Session,
    item: int,
    labels: NDArray[Any],
    grid: Grid,
    origin: Origin,
    title: str,
    *,
    parent: int | None = None,
    uncertainty: float | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Mask:
    session.item(item)
    if labels.shape != grid.shape:
        raise BadInput(
            f"{title} does not fit item {item}",
            found=f"an array of shape {labels.shape}",
            expected=f"{grid.shape} (z, y, x)",
        )
    array = as_labels(labels)
    blob = encode_mask(array)
    data = {
        "origin": origin,
        "title": title,
        "grid": grid_record(grid),
        "parent": parent,
        "voxels": int(np.count_nonzero(array)),
        "uncertainty": uncertainty,
        "provenance": dict(provenance or {}),
    }
    number = session.log.head.seq + 1
    session.record(Draft("mask", item, number, data, blob))
    return session.state.masks[number]
