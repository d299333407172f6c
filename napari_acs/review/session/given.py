"""The mask that came with a case, where its images are not open: by the grids in their headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging.open import read_volumes
from napari_acs.imaging.read import read_grid
from napari_acs.review.session.locate import study_files, study_paths
from napari_acs.review.session.masks import given_mask, read_given
from napari_acs.review.session.unchanged import mask_is_other

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.review.session.session import Session
    from napari_acs.review.session.state import Case, Mask, SessionState


def take_given(session: Session, item: int) -> Mask | None:
    """Take the mask that came with an item's case into the session, if it is not there yet.

    So it is kept as it is now, whatever becomes of its file.

    Returns
    -------
    Mask or None
        None where the case came without.

    Raises
    ------
    BadInput
        The mask or the images cannot be read, it lies on the grid of none of them, or it is not
        in the session yet and is another file than at the session's making.
    """
    line = session.item(item)
    case = session.state.cases[line.case]
    if not case.mask:
        return None
    taken = [session.state.masks[mask] for mask in line.masks]
    if all(mask.origin != "imported" for mask in taken) and mask_is_other(
        session.state, case, session.path
    ):
        raise BadInput(
            f"The mask of {case.name} cannot be taken unseen",
            found="another file of it, or of an image, than the session was made of",
            do=f"Open item {item} and decide it, or make a new session of the files as they are",
        )
    refusal = BadInput(f"{case.name} has no images")
    for grid in grids_of(session.state, case, session.path):
        try:
            return given_mask(session, item, grid)
        except BadInput as other:  # drawn on another sequence
            refusal = other
    raise refusal


def given_on(
    state: SessionState, case: Case, session: Path, grid: Grid
) -> NDArray[np.uint8] | None:
    """Return the labels (z, y, x) of the mask that came with a case; None if not on that grid."""
    try:
        return read_given(state, case, session, grid)[0] if case.mask else None
    except BadInput:
        return None


def grids_of(state: SessionState, case: Case, session: Path) -> list[Grid]:
    """Return the grids of a case's images; of files their headers are read alone.

    Raises
    ------
    BadInput
        They cannot be read.
    """
    where = study_paths(state, case, session)
    try:
        grids = [read_grid(file) for file in study_files(where)]
    except BadInput:  # DICOM, or names that say no sequence
        grids = [volume.grid for volume in read_volumes(where, case.name)[1].values()]
    return list(dict.fromkeys(grids))
