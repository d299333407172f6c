"""Cut a layer's output channels into plain convolutions: by plane, and by channel group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from napari_acs.acs.geometry import PLANES
from napari_acs.acs.split import Split


@dataclass(frozen=True)
class Piece:
    """One plain convolution of an ACS layer.

    Attributes
    ----------
    plane : str
        ``"axial"``, ``"coronal"`` or ``"sagittal"``.
    outputs, inputs : slice
        The layer's channels that it makes and reads.
    groups : int
        Channel groups of the convolution.
    """

    plane: str
    outputs: slice
    inputs: slice
    groups: int


def pieces(split: Split, in_channels: int, groups: int) -> tuple[Piece, ...]:
    """Return the convolutions that make up a layer, in the order of its output channels.

    A layer without channel groups has one a plane. Where the border between two planes cuts
    through a channel group, that group becomes a piece of its own on either side.

    Parameters
    ----------
    split : tuple of int
        Output channels of the axial, coronal and sagittal plane; empty planes have no piece.
    in_channels, groups : int
        As in ``nn.Conv2d``.
    """
    return tuple(_pieces(split, in_channels // groups, sum(split) // groups))


def _pieces(split: Split, inner: int, outer: int) -> Iterator[Piece]:
    start = 0
    for plane, channels in zip(PLANES, split, strict=True):
        stop = start + channels
        while start < stop:
            group = start // outer
            whole = stop // outer - group if start % outer == 0 else 0
            end = start + whole * outer if whole else min(stop, (group + 1) * outer)
            last = group + max(whole, 1)
            inputs = slice(group * inner, last * inner)
            yield Piece(plane, slice(start, end), inputs, max(whole, 1))
            start = end
