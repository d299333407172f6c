"""What a click on Segment asked for, and of which layers; two clicks can ask for the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.viewer.masks import Mask

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_acs.imaging.check.line import CheckLine
    from napari_acs.widgets.request import SegmentRequest


@dataclass(frozen=True, eq=False)
class Asked:
    """A request, and the layers that it was taken from.

    The request is of what the layers were at the click: their arrays (not copies: a volume takes
    35 MB a sequence), their place, and a copy of a brain mask. A layer that gets another array or
    is moved afterwards does not change it. Voxels that are written into the same array before
    the job has read it, at its start, do: napari tells nobody of that. The hashes in the result's
    provenance are always of the voxels that were read.

    Attributes
    ----------
    request : SegmentRequest
    layers : mapping of str to Layer
        By sequence, as in ``request.study.layers``.
    lines : tuple of CheckLine
        What the check said of them, once it has.
    places : mapping of str to tuple
        Where each layer was.
    """

    request: SegmentRequest
    layers: Mapping[str, Layer]
    lines: tuple[CheckLine, ...] = ()
    places: Mapping[str, tuple[float, ...]] = field(init=False)

    def __post_init__(self) -> None:
        places = {sequence: _place(layer) for sequence, layer in self.layers.items()}
        object.__setattr__(self, "places", places)

    def checked(self, lines: tuple[CheckLine, ...]) -> Asked:
        """Return the same with what the check said; the places stay those of the click."""
        copy = replace(self, lines=lines)
        object.__setattr__(copy, "places", self.places)
        return copy

    @property
    def study(self) -> str:
        """What the study is called."""
        return self.request.study.name

    def uses(self, layer: Layer) -> bool:
        """Whether this layer was taken."""
        return any(layer is used for used in self.layers.values())

    def changed(self) -> tuple[str, ...]:
        """Return the names of layers that have other voxels or another place by now."""
        shots = self.request.study.layers
        return tuple(
            layer.name
            for sequence, layer in self.layers.items()
            if layer.data is not shots[sequence].data or _place(layer) != self.places[sequence]
        )

    def same(self, other: Asked) -> bool:
        """Whether both clicks ask for the same result."""
        one, two = self.request, other.request
        return (
            {s: id(v) for s, v in self.layers.items()}
            == {s: id(v) for s, v in other.layers.items()}
            and all(v.data is two.study.layers[s].data for s, v in one.study.layers.items())
            and self.places == other.places
            and _options(one) == _options(two)
            and _same_brain(one.brain, two.brain)
        )


def _place(layer: Layer) -> tuple[float, ...]:
    return tuple(float(v) for v in np.ravel(layer.affine.affine_matrix)) + tuple(
        float(v)
        for part in (layer.scale, layer.translate, layer.rotate, layer.shear)
        for v in np.ravel(part)
    )


def _options(request: SegmentRequest) -> tuple[object, ...]:
    return (
        request.bundle,
        request.device,
        request.bias_correction,
        request.show_prepared,
        request.flips,
        request.ensemble,
    )


def _same_brain(one: str | Mask, two: str | Mask) -> bool:
    if isinstance(one, Mask) and isinstance(two, Mask):
        return np.array_equal(one.labels, two.labels)
    return isinstance(one, str) and one == two
