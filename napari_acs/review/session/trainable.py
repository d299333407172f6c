"""Which masks a training set may hold, by their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.session.state import Case, Item, SessionState

LABELS = {"background": 0, "necrotic and non-enhancing core": 1, "edema": 2, "enhancing tumor": 3}
ONE_COLOUR = (1, 2)
"""Labels that a mask made elsewhere may hold for a whole tumour: 1 as napari and most programs
paint it, or 2 where 1 was something else. 3 alone is what tumours look like that all enhance."""
REASON = "Its mask holds label {value} alone, which may be a whole tumour in one colour."
NOT_SAID = (
    "The masks hold one label alone ({values}), and nothing says what it means: say it under "
    "labels in a dataset.json beside the table before you train on them."
)


def check_trainable(case: Case, labels: NDArray[np.uint8]) -> None:
    """Refuse a mask whose labels are none of ours.

    Parameters
    ----------
    case : Case
    labels : ndarray of uint8, shape (z, y, x)

    Raises
    ------
    BadInput
        A label is unknown, or the table of the mask's data set names other things than tissues.
    """
    if case.mask and case.labels is None:
        raise BadInput(
            f"The mask that came with {case.name} names other things than NCR, ED and ET",
            expected="a mask of tumour tissues",
        )
    unknown = sorted(set(np.unique(labels).tolist()) - set(LABELS.values()))
    if unknown:
        raise BadInput(
            f"The mask of {case.name} has labels that a training does not know",
            found=", ".join(map(str, unknown[:6])),
            expected="1 NCR, 2 ED, 3 ET",
        )


def unclear_label(
    state: SessionState, item: Item, labels: NDArray[np.uint8], root: NDArray[np.uint8] | None
) -> int | None:
    """Return the only label of a mask of which nobody knows what it marks; None of another mask.

    Another label beside it tells, there or where the mask was begun, and a data set's own table,
    and that a model of tumour parts was at work. So does that a reader drew oedema by hand: it has
    to be chosen, while 1 is what napari paints with.

    Parameters
    ----------
    state : SessionState
    item : Item
    labels : ndarray of uint8, shape (z, y, x)
        Of the mask that was decided on.
    root : ndarray of uint8, shape (z, y, x), or None
        The mask made elsewhere that it was begun from, or is; None where the reader drew it.
    """
    value = _only(labels)
    if value not in ONE_COLOUR or (value != 1 and root is None):
        return None
    if root is not None and root.any() and _only(root) is None:
        return None
    parts = any(state.masks[mask].origin == "machine" for mask in item.masks)
    return None if parts or state.cases[item.case].labels else value


def _only(labels: NDArray[np.uint8]) -> int | None:
    """Return the label that a mask holds alone; None of no label, and of several."""
    value = int(labels.max(initial=0))
    return value if value and bool(((labels == 0) | (labels == value)).all()) else None


_MEANING = {1: "necrosis", 2: "oedema around no core"}


def not_told_apart(case: Case, value: int) -> BadInput:
    """Return why such a mask is not trained on together with others that have parts."""
    return BadInput(
        f"The mask of {case.name} does not tell the tumour's parts apart",
        found=f"label {value} alone, which a training would take for {_MEANING[value]}",
        expected="1 NCR, 2 ED, 3 ET, as in the other masks",
        do="Draw its parts, or leave it out; or say under labels in a dataset.json beside the "
        "masks what its label means, and make the session anew",
    )
