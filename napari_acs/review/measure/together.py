"""Two exams of a patient brought together: the rigid move from the earlier to the later one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.names import TITLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.imaging.volume import Volume

_COMPARED = ("t1ce", "flair", "t2", "t1")


def bring_together(
    one: Mapping[str, Volume],
    two: Mapping[str, Volume],
    before: Grid,
    after: Grid,
    cancelled: Callable[[], bool],
) -> tuple[NDArray[np.float64] | None, str]:
    """Return the move from the earlier to the later exam, and a sentence on how it was found.

    Parameters
    ----------
    one, two : mapping of str to Volume
        The sequences of the earlier and of the later exam; the best that both have is taken. Of
        images whose sequence is not known those of one number, as contrasts need not be alike.
    before, after : Grid
        Of the masks.
    cancelled : callable

    Returns
    -------
    matrix : ndarray of float64, shape (4, 4), or None
        Point of the earlier exam to point of the later one, LPS mm; None where it is not known,
        or not to be trusted.
    how : str

    Raises
    ------
    Cancelled
    """
    name = next((each for each in (*_COMPARED, *one) if each in one and each in two), None)
    if name is not None:
        from napari_acs.imaging.registration.register import register  # noqa: PLC0415 (SimpleITK)

        try:
            found = register(one[name], two[name], cancelled=cancelled)
        except BadInput as refusal:
            # Not its sentence: that names a file, and this goes into reports that name nobody.
            what = f"the {TITLES.get(name, name)} of one of them"
            return None, f"The two studies could not be registered: {what} has {refusal.found}."
        if found.verdict == "failed":
            return None, f"The registration of the two studies failed: {found.why}"
        said = "" if found.verdict == "good" else f" To be looked at: {found.why}"
        return found.matrix, (
            f"Registered by a rigid move of {found.moved_mm:.1f} mm and {found.turned_deg:.1f} "
            f"degrees.{said}"
        )
    if before.difference(after) is None:
        return np.eye(4), (
            "The images are not there to register; both masks lie on one grid, which was taken "
            "for the same place in the patient."
        )
    return None, "The images are not there to register, and the masks lie on different grids."
