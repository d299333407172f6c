"""How unsure a model was of an item: what worklists are sorted by and bulk acceptance goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.review.session.masks import is_other, visible_masks

if TYPE_CHECKING:
    from napari_acs.review.session.state import SessionState


def uncertainty_of(state: SessionState, item: int) -> float | None:
    """Return the figure of an item, or None where nobody gave one or the reader may not know.

    The newest prediction's counts, whether or not an older one has a figure; without a prediction
    that which the session's table gave for the case.
    """
    line = state.items[item]
    machine = [mask for mask in visible_masks(state, item) if mask.origin == "machine"]
    if machine:
        return machine[-1].uncertainty
    if not line.sees_others or is_other(state, item):  # a figure of the mask before
        return None
    return state.cases[line.case].uncertainty
