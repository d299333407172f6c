"""What a reader's mask was begun from: what the Correct panel and the report hold against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_acs.review.report.begun import root_of
from napari_acs.review.session.replay import mask_at, replaying

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.review.session.session import Session
    from napari_acs.review.session.state import Mask, Origin
    from napari_acs.viewer.info import Maker

_MAKERS: dict[Origin, Maker] = {"machine": "model", "imported": "elsewhere", "human": "reader"}


@dataclass(frozen=True, eq=False)
class BegunFrom:
    """A mask (z, y, x in the order of its grid) and who made it; ``labels`` are None of none."""

    mask: int | None
    labels: NDArray[np.uint8] | None
    maker: Maker


def root_id(session: Session, mask: Mask) -> int | None:
    """Return which mask of the session a reader's mask was begun from, None where it was empty.

    As in the report; but where another reader had drawn that from nothing, it is their mask.
    """
    root = root_of(session.log.connection, session.state, mask, None)
    return root.mask.id if root is not None else mask.parent


def begun_from(session: Session, root: int | None) -> BegunFrom:
    """Return the mask of a `root_id`."""
    mask = session.state.masks.get(root or 0)
    if mask is None:
        return BegunFrom(None, None, "reader")
    with replaying(session.path):
        labels = mask_at(session.log.connection, mask)
    labels.setflags(write=False)
    return BegunFrom(mask.id, labels, _MAKERS[mask.origin])
