"""Which masks a training set may hold, by their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.session.state import Case, Item, SessionState

LABELS = {"background": 0, "necrotic and non-enhancing core": 1, "edema": 2, "enhancing tumor": 3}
REASON = "Its mask holds label 1 alone, which may be a whole tumour in one colour."
NOT_SAID = (
    "The masks hold label 1 alone, and nothing says what it means: say it under labels in a "
    "dataset.json beside the table before you train on them."
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


def says_what_it_marks(state: SessionState, item: Item, labels: NDArray[np.uint8]) -> bool:
    """Tell whether label 1 of a mask can be told to be necrotic or non-enhancing core.

    Another label beside it tells, and a data set's own table, and that a model of tumour parts
    was at work. Of label 1 alone, as napari paints it and other programs write whole tumours,
    nobody knows.

    Parameters
    ----------
    state : SessionState
    item : Item
    labels : ndarray of uint8, shape (z, y, x)
        Of the mask that was decided on.
    """
    if labels.max(initial=0) != 1:
        return True
    parts = any(state.masks[mask].origin == "machine" for mask in item.masks)
    return parts or bool(state.cases[item.case].labels)


def not_told_apart(case: Case) -> BadInput:
    """Return why such a mask is not trained on together with others that have parts."""
    return BadInput(
        f"The mask of {case.name} does not tell the tumour's parts apart",
        found="label 1 alone, which a training would take for necrosis",
        expected="1 NCR, 2 ED, 3 ET, as in the other masks",
        do="Draw its parts, or leave it out",
    )
