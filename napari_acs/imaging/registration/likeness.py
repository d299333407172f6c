"""How well two images of one head lie on each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from napari_acs.imaging.brain import foreground
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.registration.rigid import to_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BINS = 32
RIM_MM = 10.0
"""Images are compared this far round the head of fixed: its outline counts, most air does not."""


@dataclass(frozen=True, eq=False)
class Level:
    """An image at one resolution, ready to be compared and registered.

    Attributes
    ----------
    image : SimpleITK float32 image
        Intensities cut off at the head's 0.5 and 99.5 percentiles.
    head : ndarray of bool, shape (z, y, x)
        See `napari_acs.imaging.brain.foreground`.
    rim : SimpleITK uint8 image
        The head and some millimetres round it: where images are compared.
    centre : ndarray, shape (3,)
        The head's centre of mass, LPS mm.
    """

    image: Any
    head: NDArray[np.bool_]
    rim: Any
    centre: NDArray[np.float64]

    @property
    def grid(self) -> Grid:
        """The grid of the image."""
        return Grid.from_image(self.image)


@dataclass(frozen=True)
class Likeness:
    """How two images compare under one matrix.

    Attributes
    ----------
    nmi : float
        Normalised mutual information (Studholme 1999), less one: 0 independent, 1 the same.
    overlap : float
        Part of fixed's head that lies in moving's field of view.
    dice : float
        Agreement of the two heads within the common field of view.
    """

    nmi: float
    overlap: float
    dice: float

    @property
    def score(self) -> float:
        """Mutual information, marked down where little of the head is in both images."""
        return self.nmi * min(1.0, self.overlap / 0.6)


def level(image: Any, spacing_mm: float, rim_mm: float = RIM_MM) -> Level:
    """Average an image's voxels to about a spacing; axes that are coarser stay as they are.

    Parameters
    ----------
    image : SimpleITK float32 image
    spacing_mm : float
    rim_mm : float
    """
    factors = [max(1, round(spacing_mm / s)) for s in image.GetSpacing()]
    factors = [min(f, n) for f, n in zip(factors, image.GetSize(), strict=True)]
    small = sitk.BinShrink(image, factors) if max(factors) > 1 else image
    array = sitk.GetArrayFromImage(small)
    head = foreground(array)
    if not head.any():
        head = np.ones_like(head)
    low, high = np.percentile(array[head], (0.5, 99.5)).tolist()
    small = sitk.Clamp(small, sitk.sitkFloat32, min(low, float(array.min())), high)
    mask = _mask(head, small)
    radius = [round(rim_mm / s) for s in small.GetSpacing()]
    indices = np.argwhere(head).mean(axis=0)[::-1]
    centre = Grid.from_image(small).index_to_point([indices])[0]
    return Level(small, head, sitk.BinaryDilate(mask, radius, sitk.sitkBox), centre)


def _mask(array: NDArray[np.bool_], like: Any) -> Any:
    image = sitk.GetImageFromArray(array.astype(np.uint8))
    image.CopyInformation(like)
    return image


def compare(fixed: Level, moving: Level, matrix: NDArray[np.float64]) -> Likeness:
    """Measure how well moving lies on fixed; over the head of fixed and its rim.

    Parameters
    ----------
    fixed, moving : Level
    matrix : ndarray, shape (4, 4)
        Point of fixed to point of moving.
    """
    transform = to_transform(matrix)
    onto = sitk.Resample(
        moving.image, fixed.image, transform, sitk.sitkLinear, float("nan"), sitk.sitkFloat32
    )
    other = sitk.GetArrayFromImage(onto)
    seen = np.isfinite(other)
    # A copy, no view: SimpleITK's views do not keep their image alive, and it is gone here.
    head = sitk.GetArrayFromImage(
        sitk.Resample(_mask(moving.head, moving.image), fixed.image, transform,
                      sitk.sitkNearestNeighbor, 0.0)
    ).astype(bool)  # fmt: skip
    mine = fixed.head & seen
    overlap = int(np.count_nonzero(mine)) / max(int(np.count_nonzero(fixed.head)), 1)
    total = np.count_nonzero(mine) + np.count_nonzero(head)
    dice = 2 * np.count_nonzero(mine & head) / total if total else 0.0
    where = seen & sitk.GetArrayViewFromImage(fixed.rim).astype(bool)
    a = sitk.GetArrayViewFromImage(fixed.image)[where]
    return Likeness(_nmi(a, other[where]), float(overlap), float(dice))


def _nmi(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return (H(a) + H(b)) / H(a, b) - 1 from a joint histogram; 0 where one has one value."""
    if a.size == 0:
        return 0.0
    joint = np.bincount(_bins(a) * _BINS + _bins(b), minlength=_BINS * _BINS) / a.size
    together = _entropy(joint)
    joint = joint.reshape(_BINS, _BINS)
    apart = _entropy(joint.sum(axis=0)) + _entropy(joint.sum(axis=1))
    return apart / together - 1 if together > 0 and apart > together else 0.0


def _bins(values: NDArray[np.float32]) -> NDArray[np.intp]:
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.zeros(values.size, np.intp)
    scaled = (values - low) * ((_BINS - 1e-3) / (high - low))
    return scaled.astype(np.intp)


def _entropy(p: NDArray[np.float64]) -> float:
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())
