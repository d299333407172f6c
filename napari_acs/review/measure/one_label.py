"""What must be said of a mask that cannot tell the tumour's parts apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_acs.review.measure.measures import Measures

ONE_LABEL = (
    "The mask holds label 1 alone, which is read as necrosis, so that TC is as large as WT. If it "
    "marks the whole tumour, as one that was drawn in a single colour, only the figures of WT are "
    "right."
)

COMPARED = (
    "The mask of {which} holds label 1 alone, which may be a whole tumour in one colour: then only "
    "WT can be compared, and what is said of TC and ET is wrong."
)


def one_label_note(measures: Measures) -> str:
    """Return what to say of a mask of label 1 alone; nothing of another one.

    A new labels layer of napari paints 1, and other programs write a whole tumour as 1. Nothing in
    such a mask tells it from a necrotic core.

    Parameters
    ----------
    measures : Measures
    """
    parts = measures.label_volume_ml
    return ONE_LABEL if parts["NCR"] and not parts["ED"] and not parts["ET"] else ""


def compared_note(before: Measures, after: Measures) -> str:
    """Return what to say of two masks that are compared and of which one has label 1 alone.

    Its core is as large as the whole tumour: beside a mask with parts a TC that did not change
    shrinks, and all of ET is new.

    Parameters
    ----------
    before, after : Measures
    """
    exams = {"the earlier exam": before, "the later exam": after}
    which = " and of ".join(name for name, found in exams.items() if one_label_note(found))
    return COMPARED.format(which=which) if which else ""
