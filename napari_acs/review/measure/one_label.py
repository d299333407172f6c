"""What must be said of a mask that may not tell the tumour's parts apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_acs.review.measure.measures import Measures

ONE_LABEL = (
    "The mask holds label 1 alone, which is read as necrosis, so that TC is as large as WT. If it "
    "marks the whole tumour, as one that was drawn in a single colour, only the figures of WT are "
    "right."
)
OEDEMA_ALONE = (
    "The mask holds label 2 alone, which is read as oedema, so that there is no TC. If it marks "
    "the whole tumour, as one that was drawn in a single colour, only the figures of WT are right."
)

COMPARED = (
    "The mask of {which} holds label {values} alone, which may be a whole tumour in one colour: "
    "then only WT can be compared, and what is said of TC and ET is wrong."
)


def one_label_note(measures: Measures) -> str:
    """Return what to say of a mask of label 1 or 2 alone; nothing of another one.

    A new labels layer of napari paints 1, and other programs write a whole tumour as 1, or as 2
    beside a brain that is not there. Nothing in such a mask tells it from a necrotic core, or from
    oedema. Label 3 alone is what tumours look like that all enhance.

    Parameters
    ----------
    measures : Measures
    """
    return {"NCR": ONE_LABEL, "ED": OEDEMA_ALONE}.get(_only(measures), "")


def compared_note(before: Measures, after: Measures) -> str:
    """Return what to say of two masks that are compared and of which one has one label alone.

    Of label 1 its core is as large as the whole tumour: beside a mask with parts a TC that did not
    change shrinks, and all of ET is new. Of label 2 there is no core, which is no response.

    Parameters
    ----------
    before, after : Measures
    """
    exams = {"the earlier exam": before, "the later exam": after}
    found = {name: _VALUES[_only(each)] for name, each in exams.items() if one_label_note(each)}
    values = " or ".join(dict.fromkeys(found.values()))
    return COMPARED.format(which=" and of ".join(found), values=values) if found else ""


_VALUES = {"NCR": "1", "ED": "2"}


def _only(measures: Measures) -> str:
    """Return the name of the label that a mask holds alone; nothing of several, or none."""
    held = [name for name, ml in measures.label_volume_ml.items() if ml]
    return held[0] if len(held) == 1 else ""
