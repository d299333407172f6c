"""Read a case: its study, and its mask as regions on the study's grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Study, Volume, read_grid, read_volumes, to_study
from napari_acs.inference.mask_place import refuse_in_air
from napari_acs.inference.reference import another_grid, read_reference
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.frames import read_frames, read_frames_grid


@dataclass(frozen=True)
class Labelled:
    """A case as an evaluation takes it; see `inference.reference.LabelledCase`."""

    case: TrainingCase

    @property
    def name(self) -> str:
        """The case's."""
        return self.case.name

    def read(self) -> tuple[Study, dict[str, NDArray[np.bool_]]]:
        """Read the study and the masks; see `read_case`."""
        return read_case(self.case)


def read_case(case: TrainingCase) -> tuple[Study, dict[str, NDArray[np.bool_]]]:
    """Read a study and the masks of WT, TC and ET, all on one grid.

    Sequences on several grids are registered (see `imaging.read_study`) to one whose grid is the
    mask's.

    Returns
    -------
    study : Study
    regions : dict of str to ndarray of bool, shape (z, y, x)
        Empty for a case without mask.

    Raises
    ------
    BadInput
        The study or the mask is refused, or the mask lies on none of the images' grids, or beyond
        the head that they show.
    """
    volumes = _volumes(case)
    if case.mask is None:
        return to_study(case.name, volumes), {}
    grids = {key: volume.grid for key, volume in volumes.items()}
    study = to_study(case.name, volumes, reference=mask_reference(case.mask, grids))
    regions = read_reference(case.mask, study.grid, case.scheme)
    refuse_in_air(study, regions["WT"], case.mask.name)
    return study, regions


def _volumes(case: TrainingCase) -> dict[str, Volume]:
    if not case.frames:
        return read_volumes(case.sequences, case.name)[1]
    frames = {path: read_frames(path) for path in set(case.sequences.values())}
    short = next((p for p, read in frames.items() if len(read) <= max(case.frames.values())), None)
    if short is not None:
        raise too_few_frames(short, len(frames[short]), case)
    return {key: frames[path][case.frames[key]] for key, path in case.sequences.items()}


def too_few_frames(path: Path, count: int, case: TrainingCase) -> BadInput:
    """Return the refusal of a 4D image that has not the channels of its ``dataset.json``."""
    return BadInput(
        f"{path.name} has too few channels",
        found=f"{count} volumes",
        expected=f"at least {max(case.frames.values()) + 1}, as dataset.json names them",
    )


def read_grids(case: TrainingCase) -> dict[str, Grid]:
    """Read the grid of each sequence that is a file (not of a DICOM series).

    The files are gone through once, so damaged ones and those with NaN are refused.
    """
    files = {key: path for key, path in case.sequences.items() if not path.is_dir()}
    read = read_frames_grid if case.frames else read_grid
    grids = {path: read(path) for path in dict.fromkeys(files.values())}
    return {key: grids[path] for key, path in files.items()}


def mask_reference(mask: Path, grids: Mapping[str, Grid]) -> str | None:
    """Return the sequence whose grid is the mask's, where the sequences have several grids.

    Returns
    -------
    str or None
        None where all have one grid, so that any reference does.

    Raises
    ------
    BadInput
        The mask lies on none of their grids.
    """
    on = read_grid(mask)
    fitting = [key for key, grid in grids.items() if grid.difference(on) is None]
    if not fitting:
        first = next(iter(grids.values()))
        raise another_grid(mask, first.difference(on) or "")
    return None if len(fitting) == len(grids) else fitting[0]
