"""Whether a case is read without the masks of others, and which layers would show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import ref

from napari_acs.errors import BadInput
from napari_acs.viewer.info import info_in

if TYPE_CHECKING:
    from napari.layers import Labels, Layer

_KEY = "napari_acs_read_blind"


@dataclass(frozen=True)
class _Blind:
    layer: Any
    do: str


def mark_blind(layer: Labels, do: str) -> None:
    """Say of a reader's mask that its case is read without the masks of others.

    Parameters
    ----------
    layer : Labels
    do : str
        What the reader can do to see them all the same; nothing takes the mark away.
    """
    layer.metadata.pop(_KEY, None)
    if do:
        layer.metadata[_KEY] = _Blind(ref(layer), do)  # a duplicate of the layer is none


def refuse_blind(layers: Iterable[Layer], what: str) -> None:
    """Raise what is to be said where a model is asked while a case is read blind.

    Parameters
    ----------
    layers : iterable of Layer
        All of the viewer's.
    what : str
        What is asked for, at the start of a sentence.

    Raises
    ------
    BadInput
    """
    mark = next(filter(None, map(_mark, layers)), None)
    if mark is not None:
        raise BadInput(
            f"{what} would show what a model makes of it",
            found="a case that is read without the masks of others",
            do=mark.do,
        )


NOT_SAID = (
    "The job has ended. What came of it is not said while a case is read without the masks of "
    "others."
)
"""What is said of a job that was begun before such a case was opened, whatever came of it."""


def is_read_blind(layers: Iterable[Layer]) -> bool:
    """Tell whether a case is read without the masks of others.

    Parameters
    ----------
    layers : iterable of Layer
        All of the viewer's.
    """
    return any(map(_mark, layers))


def unless_read_blind(layers: Iterable[Layer], sentence: str, kind: str) -> tuple[str, str]:
    """Return a sentence on what a job brought and its kind, or `NOT_SAID` where it would unblind.

    Parameters
    ----------
    layers : iterable of Layer
        All of the viewer's.
    sentence, kind : str
        As of the panels' messages.
    """
    return (NOT_SAID, "note") if is_read_blind(layers) else (sentence, kind)


def shows_others(layer: Layer, images: Iterable[Layer]) -> bool:
    """Tell whether a layer shows what a model or somebody else made of a study.

    A model's mask, its map of uncertainty, what a classifier looked at, a mask out of a file.
    Of a layer of another plugin napari knows the file.

    Parameters
    ----------
    layer : Layer
    images : iterable of Layer
        All of the viewer's: a mask that was begun on one of them names its file.
    """
    from napari.layers import Labels  # noqa: PLC0415 (napari is slow)

    info = info_in(layer.metadata)
    if info is not None and info.role:
        return info.role == "uncertainty"
    if not isinstance(layer, Labels):
        return False
    if info is None:
        return layer.source.path is not None
    if info.prediction is not None and info.maker != "reader":
        return True
    known = (info_in(image.metadata) for image in images if not isinstance(image, Labels))
    drawn_on = {one.source for one in known if one is not None}
    return info.source is not None and info.source not in drawn_on


def _mark(layer: Layer) -> _Blind | None:
    mark = layer.metadata.get(_KEY)
    return mark if isinstance(mark, _Blind) and mark.layer() is layer else None
