"""Whether brains without skull that share a grid have one outline, as those of one head do."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging.check.subject import Subject

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIKE = 0.968
"""Dice of two outlines, below which they are hardly of one brain on one place.

Of the 28 skull-stripped patients among the shared cases the sequences of one have 0.983 at least
(but for the one FLAIR that ends early); of two patients on the same atlas' grid 0.954 at most
(812 pairs; ``benchmarks/check.py``)."""
_WHOLE, _WITHIN = 0.9, 0.99
"""What is smaller than this part of another and lies within it was cut off: another topic's."""


def strangers(subject: Subject) -> list[str]:
    """Return the sequences whose brain has another outline than the others', or both of two.

    Only brains without skull are compared that lie on one grid and were not registered here:
    those somebody else has prepared, and taken as they are.
    """
    seen = {
        key: one
        for key, one in subject.shown.items()
        if key not in subject.heads and not subject.volumes[key].history
    }
    if len(seen) < 2:
        return []
    keys = [key for key in subject.on_grid_of(next(iter(seen))) if key in seen]
    apart = {
        frozenset(pair)
        for pair in itertools.combinations(keys, 2)
        if not _alike(seen[pair[0]].inside, seen[pair[1]].inside)
    }
    fits = {key: sum(frozenset((key, other)) not in apart for other in keys) for key in keys}
    best = max(fits.values(), default=0)
    return [key for key in keys if fits[key] < best] if best > 1 else keys if apart else []


def _alike(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    small, large = sorted((one, other), key=np.count_nonzero)
    both, size = np.count_nonzero(small & large), np.count_nonzero(small)
    if both >= _WITHIN * size and size < _WHOLE * np.count_nonzero(large):
        return True
    mirrored = large[..., ::-1]  # in LPS order, so that x is last: `sides` tells that
    return _dice(small, large) >= ALIKE or _dice(small, mirrored) >= ALIKE


def _dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    total = np.count_nonzero(one) + np.count_nonzero(other)
    return 2.0 * np.count_nonzero(one & other) / total if total else 1.0
