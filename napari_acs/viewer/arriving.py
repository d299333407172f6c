"""Whether more images of a layer's study are still on their way to the window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari.layers import Layer

_KEY = "napari_acs_arriving"


def say_arriving(layers: Iterable[Layer]) -> None:
    """Say of layers that others of their study follow."""
    for layer in layers:
        layer.metadata[_KEY] = True


def say_arrived(layers: Iterable[Layer]) -> None:
    """Say of layers that their study is all there."""
    for layer in layers:
        layer.metadata.pop(_KEY, None)


def refuse_arriving(layers: Iterable[Layer]) -> None:
    """Raise what is to be said where a study is not all there yet.

    Segmented now, it would be taken for one that lacks sequences, and its mask would be the worse
    for it.

    Raises
    ------
    BadInput
    """
    late = next((layer for layer in layers if _KEY in layer.metadata), None)
    if late is not None:
        raise BadInput(
            f"Other images of the study of {late.name!r} are still being opened",
            do="Click again in a moment",
        )
