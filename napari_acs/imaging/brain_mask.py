"""A brain mask: where it is, how it came about, and whether to trust it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import SimpleITK as sitk

from napari_acs.errors import BadInput
from napari_acs.imaging.brain import EXTRACTED
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.step import Step, Verdict
from napari_acs.imaging.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

USUAL_ML = (700.0, 2200.0)
"""Brains, with their ventricles, from a small child's to the largest adult's."""
_POSSIBLE_ML = (150.0, 4000.0)
_COVERED = 0.9
"""A mask on another grid must keep this part of its volume within the study's."""


@dataclass(frozen=True, eq=False)
class BrainMask:
    """Which voxels are brain.

    Attributes
    ----------
    mask : ndarray of bool, shape (z, y, x)
        On ``grid``; read-only.
    grid : Grid
    step : Step
        How it came about, and how far to trust it.
    """

    mask: NDArray[np.bool_]
    grid: Grid
    step: Step

    def __post_init__(self) -> None:
        if self.mask.shape != self.grid.shape or self.mask.dtype != np.bool_:
            raise ValueError(f"{self.mask.dtype} {self.mask.shape} on a grid of {self.grid.shape}")
        view = self.mask.view()
        view.flags.writeable = False
        object.__setattr__(self, "mask", view)

    @property
    def volume_ml(self) -> float:
        """Volume of the brain in ml."""
        return int(np.count_nonzero(self.mask)) * self.grid.voxel_ml


class BrainExtractor(Protocol):
    """What finds the brain in sequences that lie on one grid.

    The default is `napari_acs.inference.brain_extraction.extract_brain`.
    """

    def __call__(
        self,
        volumes: Mapping[str, Volume],
        /,
        *,
        device: str = ...,
        cancelled: Callable[[], bool] = ...,
        progress: Callable[[float], None] = ...,
    ) -> BrainMask:
        """Return the brain of these sequences, by name, on their common grid.

        Parameters
        ----------
        volumes : mapping of str to Volume
            Some of ``t1``, ``t1ce``, ``t2``, ``flair``, co-registered, all on one grid.
        device : str
            ``"auto"`` or a torch device; an extractor that needs none ignores it.
        cancelled : callable
            Asked between parts of the work; True ends it with an exception of the extractor.
        progress : callable
            Told the finished part of the work, 0 to 1.
        """


def judged(
    mask: NDArray[np.bool_],
    grid: Grid,
    method: str,
    doubts: tuple[str, ...] = (),
    details: Mapping[str, Any] | None = None,
) -> BrainMask:
    """Return a brain mask with its verdict: ``look`` where its volume is no brain's.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
    grid : Grid
    method : str
        How it came about, with the version of what made it.
    doubts : tuple of str
        Sentences; any makes the verdict ``look``.
    details : mapping, optional
        JSON-ready; the volume is added.
    """
    volume = int(np.count_nonzero(mask)) * grid.voxel_ml
    verdict: Verdict = "look" if doubts else "good"
    low, high = USUAL_ML
    if not low <= volume <= high:
        verdict = "look" if _POSSIBLE_ML[0] <= volume <= _POSSIBLE_ML[1] else "failed"
        size = "smaller" if volume < low else "larger"
        doubts = (
            f"The brain measures {volume:.0f} ml, {size} than brains are: the mask is wrong, or "
            "the voxel spacing is, or part of the brain was not imaged.",
            *doubts,
        )
    step = Step(
        EXTRACTED,
        method,
        verdict,
        " ".join(doubts),
        {"volume_ml": round(volume, 1), **(details or {})},
    )
    return BrainMask(mask, grid, step)


def mask_from_labels(volume: Volume, grid: Grid) -> BrainMask:
    """Take a brain mask that another program or a person made.

    Parameters
    ----------
    volume : Volume
        Every voxel that is not 0 is brain. On another grid, it is brought to ``grid`` in world
        space, each voxel taking the nearest label.
    grid : Grid
        The study's reference grid.

    Raises
    ------
    BadInput
        The mask is empty or full, or over a tenth of it lies outside ``grid``.
    """
    called = volume.called("the brain mask")
    given = volume.array != 0
    count = int(np.count_nonzero(given))
    if not count or count == given.size:
        raise BadInput(
            f"{called} is no brain mask",
            found="no brain voxel in it" if not count else "brain in every voxel",
            expected="0 outside the brain and another number inside",
            do="Choose the mask's file, not an image's",
        )
    moved = volume.grid.difference(grid)
    mask = _nearest(given, volume.grid, grid) if moved else given
    kept = np.count_nonzero(mask) * grid.voxel_ml / (count * volume.grid.voxel_ml)
    if kept < _COVERED:
        raise BadInput(
            f"{called} does not lie on the study",
            found=f"only {kept:.0%} of the mask's volume inside the image ({moved})",
            expected="a mask made from one of the study's own sequences",
            do="Choose the mask of this study, or register it first",
        )
    method = f"mask {called}" + (", nearest label on the study's grid" if moved else "")
    return judged(mask, grid, method, details={"mask_sha256": volume.sha256()})


def _nearest(given: NDArray[np.bool_], grid: Grid, target: Grid) -> NDArray[np.bool_]:
    image = sitk.GetImageFromArray(given.astype(np.uint8))
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    done = sitk.Resample(
        image, target.size, sitk.Transform(), sitk.sitkNearestNeighbor, target.origin,
        target.spacing, target.direction, 0, sitk.sitkUInt8,
    )  # fmt: skip
    return sitk.GetArrayFromImage(done).astype(bool)
