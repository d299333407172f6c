"""Sessions for tests, made without images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_acs.imaging import Grid
from napari_acs.review.session.create import create_sessions
from napari_acs.review.session.form import Form
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.state import Case

SHAPE = (6, 7, 8)
GRID = Grid((8, 7, 6), (1.0, 0.9, 2.5), (-3.0, 4.0, 0.1), (1, 0, 0, 0, 1, 0, 0, 0, 1))


def make(
    folder: Path,
    names=("study-a", "study-b", "study-c"),
    raters=("ann",),
    form: Form | None = None,
    overwrite: bool = False,
    **plan,
) -> list[Path]:
    """Make a session in a folder, and return the file of each rater."""
    cases = [
        Case(name, f"patient-{name}", f"content of {name}", str(folder / name)) for name in names
    ]
    files = {rater: folder / f"{rater}.review" for rater in raters}
    plans = {rater: make_plan(names, **plan) for rater in raters}
    create_sessions(files, cases, plans, form=form, overwrite=overwrite)
    return list(files.values())


def drawn(rng, size):
    """Draw a mask on `GRID`: a box with a core, larger by ``size``, and six stray voxels."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[1 : 3 + size, 1:5, 1:6] = 2
    labels[1:3, 2:4, 2:4] = 3
    flip = rng.integers(0, labels.size, 6)
    labels.reshape(-1)[flip] = 2
    return labels
