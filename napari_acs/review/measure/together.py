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
        The sequences of the earlier and of the later exam; the best that both have is taken, or
        the best of each, as mutual information asks for no one contrast. Of images whose sequence
        is not known those of one number, as contrasts need not be alike.
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
    names = _alike(one, two)
    if names is not None:
        from napari_acs.imaging.registration.register import register  # noqa: PLC0415 (SimpleITK)

        first, second = names
        titles = [TITLES.get(name, name) for name in names]
        what = (
            f"the {titles[0]} of one of them"
            if first == second
            else " or ".join(
                f"the {title} of the {which} one"
                for title, which in zip(titles, ("earlier", "later"), strict=True)
            )
        )
        try:
            found = register(one[first], two[second], cancelled=cancelled)
        except BadInput as refusal:
            # Not its sentence: that names a file, and this goes into reports that name nobody.
            return None, f"The two studies could not be registered: {what} has {refusal.found}."
        if found.verdict == "failed":
            return None, f"The registration of the two studies failed: {found.why}"
        said = "" if found.verdict == "good" else f" To be looked at: {found.why}"
        other = (
            ""
            if first == second
            else f" They have no sequence in common: {titles[1]} was laid on {titles[0]}."
        )
        return found.matrix, (
            f"Registered by a rigid move of {found.moved_mm:.1f} mm and {found.turned_deg:.1f} "
            f"degrees.{other}{said}"
        )
    if before.difference(after) is None:
        return np.eye(4), (
            "There are no images of both to register; both masks lie on one grid, which was taken "
            "for the same place in the patient."
        )
    return None, "There are no images of both to register, and the masks lie on different grids."


def _alike(one: Mapping[str, Volume], two: Mapping[str, Volume]) -> tuple[str, str] | None:
    """Return which images are registered: of one sequence, else of two that are known."""
    both = next((each for each in (*_COMPARED, *one) if each in one and each in two), None)
    if both is not None:
        return both, both
    first, second = (
        next((each for each in _COMPARED if each in exam), None) for exam in (one, two)
    )
    return None if first is None or second is None else (first, second)
