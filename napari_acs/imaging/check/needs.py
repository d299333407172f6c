"""What a model needs of a study, without the model: callers fill it from a bundle's spec."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Needs:
    """What a study is held against.

    Attributes
    ----------
    channels : tuple of str
        The sequences that the model can use, in its order.
    required : tuple of str
        Those that it cannot do without.
    minimum : int
        How many of ``channels`` there must be.
    spacing_mm : tuple of float
        Voxel spacing of the model along x, y, z of LPS; empty where it has none of its own.
    skull_stripped : bool
        Whether it was made for brains without skull.
    """

    channels: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    minimum: int = 1
    spacing_mm: tuple[float, ...] = ()
    skull_stripped: bool = True
