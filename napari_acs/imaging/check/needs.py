"""What a model needs of a study, without the model: callers fill it from a bundle's spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    costs : mapping of str to mapping of str to float
        What its card states of missing sequences: mean Dice by region, by the sequences that were
        there, joined by ``+`` in the order of ``channels``; empty where it states nothing.
    cost_cases : int
        The number of validation cases behind ``costs``; 0 where the card does not say.
    """

    channels: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    minimum: int = 1
    spacing_mm: tuple[float, ...] = ()
    skull_stripped: bool = True
    costs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    cost_cases: int = 0
