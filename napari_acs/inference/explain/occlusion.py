"""What a classifier's answer hangs on: the same box without a region, or without a sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt

from napari_acs.imaging import TITLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

REGIONS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "ET": ("enhancing tumour", (3, 4)),
    "TC": ("tumour core", (1, 3, 4)),
    "ED": ("oedema", (2,)),
    "WT": ("whole tumour", (1, 2, 3, 4)),
}
"""Title and labels of what is taken out in turn: 1 NCR, 2 ED, and 3 (BraTS before 2023: 4) ET."""

_SHELL_MM = 10.0
"""How far from the tumour the healthy tissue is taken from that fills the place of a region."""
_ENOUGH = 20
"""Voxels of it, at least; where there are fewer, all of the brain outside the tumour counts."""

Probabilities = Callable[["NDArray[np.float32]"], "NDArray[np.float64]"]
"""Maps a box (c, z, y, x) to the probability of each class (classes,)."""


@dataclass(frozen=True)
class Occlusion:
    """What the classifier says once something is taken away.

    Attributes
    ----------
    key : str
        ``"ET"`` ... of `REGIONS`, or a sequence such as ``"flair"``.
    title : str
        In words, such as "without enhancing tumour".
    probabilities : mapping of str to float
        By class.
    change : mapping of str to float
        By class: what it is now, less what it was with everything there.
    """

    key: str
    title: str
    probabilities: Mapping[str, float]
    change: Mapping[str, float]


def occlusions(
    box: NDArray[np.float32],
    labels: NDArray[np.uint8] | None,
    spacing_mm: Sequence[float],
    sequences: Sequence[str],
    classes: Sequence[str],
    probabilities: Probabilities,
    *,
    mask_channel: bool,
) -> Iterator[Occlusion]:
    """Take away each tumour region, then each sequence, and ask the classifier again.

    Parameters
    ----------
    box : ndarray of float32, shape (c, z, y, x)
        What the classifier saw; not changed. 0 is background.
    labels : ndarray of uint8, shape (z, y, x), or None
        The mask on the box's grid; regions that it lacks are left out.
    spacing_mm : sequence of float
        Of the box, z, y, x.
    sequences : sequence of str
        The channels that are sequences, in their order.
    classes : sequence of str
    probabilities : callable
    mask_channel : bool
        Whether the channel after the sequences is the mask.

    Yields
    ------
    Occlusion
        Of every region of `REGIONS` that is there, and of every sequence that is not all 0.
    """
    before = probabilities(box)
    for key, array in _without(box, labels, spacing_mm, sequences, mask_channel=mask_channel):
        after = probabilities(array)
        title = REGIONS[key][0] if key in REGIONS else TITLES.get(key, key)
        yield Occlusion(
            key,
            f"without {title}",
            dict(zip(classes, after.tolist(), strict=True)),
            dict(zip(classes, (after - before).tolist(), strict=True)),
        )


def without_region(
    box: NDArray[np.float32],
    region: NDArray[np.bool_],
    tumour: NDArray[np.bool_],
    spacing_mm: Sequence[float],
    count: int,
) -> NDArray[np.float32]:
    """Return the box with a region filled by healthy tissue of its surroundings.

    Each channel takes the median of the brain within 10 mm of the tumour. Zero would be air, which
    no tumour is replaced by and which the network has never seen inside a brain; noise, or an
    inpainting network, would add a guess of its own. The patch is flat: where a classifier takes
    notice of that alone, the change says so, and not what the region meant.

    Parameters
    ----------
    box : ndarray of float32, shape (c, z, y, x)
    region, tumour : ndarray of bool, shape (z, y, x)
    spacing_mm : sequence of float
        z, y, x.
    count : int
        Channels that are sequences; those behind are masks, from which the region is taken out.
    """
    filled = box.copy()
    near = distance_transform_edt(~tumour, sampling=spacing_mm) <= _SHELL_MM
    for channel in filled[:count]:
        brain = (channel != 0) & ~tumour
        healthy = channel[brain & near]
        if healthy.size < _ENOUGH:
            healthy = channel[brain]
        if healthy.size:
            channel[region & (channel != 0)] = np.median(healthy)
    filled[count:, region] = 0
    return filled


def _without(
    box: NDArray[np.float32],
    labels: NDArray[np.uint8] | None,
    spacing_mm: Sequence[float],
    sequences: Sequence[str],
    *,
    mask_channel: bool,
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    count = len(sequences)
    assert len(box) == count + mask_channel
    if labels is not None:
        for key, (_, values) in REGIONS.items():
            region = np.isin(labels, values)
            if region.any():
                yield key, without_region(box, region, labels > 0, spacing_mm, count)
    for channel, name in enumerate(sequences):
        if box[channel].any():
            without = box.copy()
            without[channel] = 0
            yield name, without
