"""What a brush, a flood or a lasso leaves behind: a region, a region less, or a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.correct.nesting import Nesting


@dataclass(frozen=True)
class Ink:
    """What a voxel becomes, by what it was. Nesting holds whatever is painted.

    With regions ET in TC in WT and labels 1 NCR, 2 ED, 3 ET:

    ============ ========== === === ==
    ink          background ED  NCR ET
    ============ ========== === === ==
    paint WT     ED         ED  NCR ET
    paint TC     NCR        NCR NCR ET
    paint ET     ET         ET  ET  ET
    erase ET     background ED  NCR NCR
    erase TC     background ED  ED  ED
    erase WT     background, everywhere
    put a label  that label, everywhere
    ============ ========== === === ==

    To paint a region is to make a voxel at least that deep, to erase it to make it less deep:
    what lies further in or further out is kept as far as it can be. To put a label is to make it
    exactly so deep: ``put("NCR")`` takes ET away, ``paint("TC")`` does not.

    Attributes
    ----------
    verb : str
        ``"paint"`` or ``"erase"`` a region, ``"put"`` a label (or ``"background"``).
    name : str
        Of the region or label.
    over : tuple of str, optional
        Labels (or ``"background"``) that may be changed; the others stay. Left out: all.
    """

    verb: Literal["paint", "erase", "put"]
    name: str
    over: tuple[str, ...] | None = None

    def table(self, nesting: Nesting) -> NDArray[np.uint8]:
        """Return the new depth for every depth.

        Raises
        ------
        BadInput
            There is no such region or label.
        """
        old = np.arange(len(nesting.values) + 1, dtype=np.uint8)
        if self.verb == "paint":
            new = np.maximum(old, nesting.level(self.name))
        elif self.verb == "erase":
            new = np.minimum(old, nesting.level(self.name) - 1)
        else:
            new = np.full_like(old, nesting.level_of_label(self.name))
        if self.over is not None:
            kept = np.ones(len(old), bool)
            kept[[nesting.level_of_label(each) for each in self.over]] = False
            new[kept] = old[kept]
        return new.astype(np.uint8)

    def on(
        self, depth: NDArray[np.uint8], where: NDArray[np.bool_], nesting: Nesting
    ) -> NDArray[np.uint8]:
        """Return the depths after the ink was put on some voxels; a new array."""
        made: NDArray[np.uint8] = np.where(where, self.table(nesting)[depth], depth)
        return made

    def said(self, how: str) -> str:
        """Say what was done, and how."""
        done = {"paint": "painted", "erase": "erased", "put": "put"}[self.verb]
        over = f", over {' and '.join(self.over)} only" if self.over is not None else ""
        return f"{self.name} {done} {how}{over}"


def paint(region: str, over: tuple[str, ...] | None = None) -> Ink:
    """Return ink that makes voxels part of a region; what is further in stays."""
    return Ink("paint", region, over)


def erase(region: str, over: tuple[str, ...] | None = None) -> Ink:
    """Return ink that takes voxels out of a region; they become the next outer one."""
    return Ink("erase", region, over)


def put(label: str, over: tuple[str, ...] | None = None) -> Ink:
    """Return ink that gives voxels one label, or ``"background"``."""
    return Ink("put", label, over)
