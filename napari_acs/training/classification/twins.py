"""Two patients who are one: copies of a head under two names, which would judge themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from napari_acs.errors import BadInput
from napari_acs.training.alike import alike_images
from napari_acs.training.classification.boxes import Box

SAME: Final = 0.9
"""More correlated than this (see `training.alike`), two boxes show one head."""


def refuse_twins(boxes: Sequence[Box], sequences: int, than: float = SAME) -> None:
    """Refuse boxes of two patients that show one head: the class would leak from fold to fold.

    Copies that were quantised, rescaled, smoothed or moved by a voxel are found as well.

    Parameters
    ----------
    boxes : sequence of Box
    sequences : int
        How many of the channels are sequences; masks behind them do not count.
    than : float

    Raises
    ------
    BadInput
        There are such.
    """
    for a, b, likeness in alike_images([box.channels[:sequences] for box in boxes], than):
        first, second = boxes[a], boxes[b]
        if first.patient != second.patient:
            raise BadInput(
                f"The cases {first.name} and {second.name} show the same images",
                found=f"two patients, {first.patient} and {second.patient}, whose images correlate "
                f"by {likeness:.3f}",
                expected=f"one patient, who is on one side of every split (two: below {than})",
                do="Leave one of the two out, or give both one patient in the table of cases",
            )
