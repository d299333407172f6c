"""The places of a segmentation that are worth a look, the most doubtful first. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid
    from napari_acs.inference.maps import RegionMaps
    from napari_acs.inference.uncertainty import Uncertainty
    from napari_acs.models.spec import Region

MOST = 10
_LOOK_MM = 20.0
"""What is longer than this is cut along a lattice of this width: a place fits one look. The rim of
a tumour is one component that goes all around it, and its centre says nothing."""
_ENOUGH_ML = 1.0
"""More than this of a part that lies apart adds no doubt: nobody overlooks it."""
_SAME_MM = 10.0
_LEAST_ML = 0.01

_TOUCHING = np.ones((3, 3, 3), bool)


@dataclass(frozen=True)
class Place:
    """One place to look at.

    Attributes
    ----------
    point_mm : tuple of float
        x, y, z in LPS: the centre of a voxel of the place, the nearest one to its middle.
    volume_ml : float
        Of the voxels in doubt.
    score : float
        See `next_places`.
    region : str
        Name of the region that is in doubt.
    why : str
        A short sentence.
    """

    point_mm: tuple[float, float, float]
    volume_ml: float
    score: float
    region: str
    why: str


def next_places(
    maps: RegionMaps,
    labels_in_box: NDArray[np.uint8],
    uncertain: Uncertainty,
    grid: Grid,
    regions: Sequence[Region],
    most: int = MOST,
) -> tuple[Place, ...]:
    """Rank the places where a look is most likely to change the mask.

    Two kinds are looked for. Unsure voxels (``uncertain.level`` or more) that touch each other,
    cut where they reach further than 20 mm; their score is their volume in ml, each voxel weighted
    by its uncertainty over ``uncertain.limit``. And parts of the mask that touch no other part,
    all but the largest; their score is their volume in ml, at most 1. Of two places closer than
    10 mm the one with the lower score is left out.

    Parameters
    ----------
    maps : RegionMaps
        On ``grid``.
    labels_in_box : ndarray of uint8, shape (z, y, x)
        The label map in the box of ``maps``.
    uncertain : Uncertainty
        In the same box.
    grid : Grid
    regions : sequence of Region
        In the order of ``maps``.
    most : int
        Number of places at most.

    Returns
    -------
    tuple of Place
        Highest score first.
    """
    box = grid.crop(maps.box)
    found = [
        *_unsure(maps, uncertain, box, regions),
        *_apart(labels_in_box, box, regions),
    ]
    kept: list[Place] = []
    for place in sorted(found, key=lambda place: -place.score):
        if len(kept) == most:
            break
        if all(_distance(place, other) >= _SAME_MM for other in kept):
            kept.append(place)
    return tuple(kept)


def _unsure(
    maps: RegionMaps, uncertain: Uncertainty, box: Grid, regions: Sequence[Region]
) -> Iterator[Place]:
    components, _ = ndimage.label(uncertain.values >= np.float16(uncertain.level), _TOUCHING)
    inside = np.argwhere(components)
    if not len(inside):
        return
    z, y, x = inside.T
    # the region whose probability is nearest to a half is the one in doubt
    doubted = np.abs(maps.values[:, z, y, x].astype(np.float32) - 0.5).argmin(axis=0)
    weight = uncertain.values[z, y, x].astype(np.float64) / uncertain.limit
    for members in _pieces(inside, components[z, y, x], box):
        volume = len(members) * box.voxel_ml
        if volume < _LEAST_ML:
            continue
        counts = np.bincount(doubted[members])
        region = regions[int(counts.argmax())]
        mostly = "mostly " if counts.max() < len(members) else ""
        yield Place(
            _middle(inside[members], box),
            volume,
            float(weight[members].sum()) * box.voxel_ml,
            region.name,
            f"{mostly}{region.name} is uncertain here: {_ml(volume)} {uncertain.says}",
        )


def _pieces(
    inside: NDArray[np.intp], component: NDArray[np.int32], box: Grid
) -> list[NDArray[np.intp]]:
    """Return the rows of ``inside`` (indices z, y, x) that make up each place."""
    spacing = np.array(box.spacing[::-1])
    number = component.astype(np.intp) - 1
    first = np.full((number.max() + 1, 3), np.iinfo(np.intp).max)
    last = np.zeros_like(first)
    np.minimum.at(first, number, inside)
    np.maximum.at(last, number, inside)
    long = ((last - first) * spacing > _LOOK_MM).any(axis=1)[number]
    cell = np.where(long[:, None], (inside * spacing // _LOOK_MM).astype(np.intp) + 1, 0)
    # one number each: rows take numpy twenty times as long to sort
    keys = np.ravel_multi_index((number, *cell.T), (number.max() + 1, *cell.max(axis=0) + 1))
    _, which = np.unique(keys, return_inverse=True)
    order = np.argsort(which, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(which[order])) + 1)


def _apart(labels: NDArray[np.uint8], box: Grid, regions: Sequence[Region]) -> Iterator[Place]:
    parts, count = ndimage.label(labels > 0, _TOUCHING)
    if count < 2:
        return
    sizes = np.bincount(parts.ravel())[1:]
    main = int(sizes.argmax()) + 1
    tree = cKDTree(_points(np.argwhere(parts == main), box))
    values = [region.label for region in regions]
    for number, where in enumerate(ndimage.find_objects(parts), start=1):
        volume = float(sizes[number - 1]) * box.voxel_ml
        if number == main or volume < _LEAST_ML:
            continue
        corner = [side.start for side in where]
        voxels = np.argwhere(parts[where] == number) + corner
        away = float(tree.query(_points(voxels, box))[0].min())
        innermost = max(values.index(v) for v in np.unique(labels[tuple(voxels.T)]))
        name = regions[innermost].name
        yield Place(
            _middle(voxels, box),
            volume,
            min(volume, _ENOUGH_ML),
            name,
            f"{_ml(volume)} of {regions[0].name} lie apart from the rest, {away:.0f} mm away",
        )


def _middle(voxels: NDArray[np.intp], box: Grid) -> tuple[float, float, float]:
    """Return the centre of the voxel (of rows z, y, x) that is nearest to the middle of all."""
    points = _points(voxels, box)
    nearest = int(((points - points.mean(axis=0)) ** 2).sum(axis=1).argmin())
    x, y, z = points[nearest].tolist()
    return x, y, z


def _points(voxels: NDArray[np.intp], box: Grid) -> NDArray[np.float64]:
    return box.index_to_point(voxels[:, ::-1])


def _distance(one: Place, other: Place) -> float:
    return float(np.linalg.norm(np.subtract(one.point_mm, other.point_mm)))


def _ml(volume: float) -> str:
    return f"{volume:.1f} ml" if volume >= 0.1 else f"{volume:.2f} ml"
