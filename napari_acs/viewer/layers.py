"""Volumes and label maps as napari layers (layer data tuples)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging import to_lps
from napari_acs.imaging.labels.segments import SegmentName, unnamed
from napari_acs.viewer.display import placement
from napari_acs.viewer.info import KEY, LayerInfo

if TYPE_CHECKING:
    from numpy.typing import NDArray

LayerTuple = tuple[Any, dict[str, Any], str]


@dataclass(frozen=True)
class LabelStyle:
    """One label value: its short name, its title in words, its colour (#rrggbb)."""

    value: int
    name: str
    title: str
    color: str


GLIOMA_STYLES = (
    LabelStyle(1, "NCR", "necrotic and non-enhancing core", "#d62728"),
    LabelStyle(2, "ED", "oedema", "#00a08a"),
    LabelStyle(3, "ET", "enhancing tumour", "#ffd400"),
    LabelStyle(4, "ET", "enhancing tumour", "#ffd400"),
)
"""The BraTS classes, for mask files: enhancing tumour is 4 in files up to 2021, 3 since."""


_EMPTY = 0.2
"""So much of a volume, at least, is background where the skull was removed."""


def image_layer(array: NDArray[Any], info: LayerInfo, name: str) -> LayerTuple:
    """Return an Image layer of a stored ``(z, y, x)`` array; the array is not copied."""
    attributes = {
        **placement(info.grid),
        "name": name,
        "metadata": {KEY: info},
        "contrast_limits": contrast_limits(array),
        "colormap": "gray",
        "blending": "translucent",
        "interpolation2d": "linear",
    }
    return to_lps(array, info.grid), attributes, "image"


def labels_layer(
    labels: NDArray[np.uint8],
    info: LayerInfo,
    name: str,
    styles: Sequence[LabelStyle] = GLIOMA_STYLES,
) -> LayerTuple:
    """Return a Labels layer of a stored ``(z, y, x)`` label map.

    napari edits the array that it is given in place, so the layer gets a copy.
    """
    attributes = {
        **placement(info.grid),
        "name": name,
        "metadata": {KEY: info},
        "colormap": _colormap(styles),
        "features": _features(styles),
        "opacity": 0.55,
    }
    return np.array(to_lps(labels, info.grid), order="C", copy=True), attributes, "labels"


def contrast_limits(array: NDArray[Any]) -> tuple[float, float]:
    """Return display limits: 0.5 to 99.8 percent of the foreground, of every eighth voxel.

    NaN and infinity are left out; a constant array gets limits that napari accepts.
    """
    sample = np.asarray(array[::2, ::2, ::2], dtype=np.float32).ravel()
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    empty = sample.min()
    if np.mean(sample == sample[0]) > _EMPTY:  # the corner's: interpolation may have gone below it
        empty = sample[0]
    tissue = sample[sample != empty]
    if tissue.size == 0:
        return float(sample[0]), float(sample[0]) + 1.0
    low, high = np.percentile(tissue, (0.5, 99.8))
    low = min(low, float(empty))
    return float(low), float(high if high > low else low + 1.0)


def _colormap(styles: Sequence[LabelStyle]) -> Any:
    from napari.utils.colormaps import DirectLabelColormap  # noqa: PLC0415 (napari is slow)

    # a value that the user paints and that no class owns is shown, in magenta, not hidden
    colors: dict[int | None, str] = {None: "#ff00ff", 0: "transparent"}
    colors.update({style.value: style.color for style in styles})
    return DirectLabelColormap(color_dict=colors)


def _features(styles: Sequence[LabelStyle]) -> Mapping[str, list[Any]]:
    return {
        "index": [0, *(s.value for s in styles)],
        "class": ["background", *(f"{s.title} ({s.name})" for s in styles)],
    }


def styles_for(segments: Sequence[SegmentName]) -> Sequence[LabelStyle]:
    """Return what a file calls its labels; the BraTS classes where it calls them nothing."""
    if all(segment == unnamed(segment.value) for segment in segments):
        return GLIOMA_STYLES
    return [LabelStyle(s.value, s.name, s.title, s.colour) for s in segments]


def styles_of(meta: Mapping[str, Any]) -> tuple[LabelStyle, ...]:
    """Read names and colours of labels back from a Labels layer's ``features`` and ``colormap``.

    Both may have been edited: what is no name of a label is passed over. A label that the layer
    calls nothing keeps its BraTS name where it has one, unless the layer calls another label
    otherwise than BraTS does: then nobody knows what it is, and it is left out.
    """
    bratsian = {style.value: style for style in GLIOMA_STYLES}
    named = _named(meta.get("features"), meta.get("colormap"))
    as_in_brats = all(
        value in bratsian and bratsian[value].name == style.name for value, style in named.items()
    )
    return tuple(({**bratsian, **named} if as_in_brats else named).values())


def _named(features: Any, colormap: Any) -> dict[int, LabelStyle]:
    if features is None or not {"index", "class"} <= set(features):
        return {}
    named = {}
    for index, said in zip(features["index"], features["class"], strict=True):
        try:
            number = float(index)
            value = int(number)
        except (TypeError, ValueError, OverflowError):  # text, NaN, infinity
            continue
        text = " ".join(said.split()) if isinstance(said, str) else ""
        title, _, rest = text.partition(" (")
        if value == number and 0 < value < 256 and title:
            name = rest.rstrip(")") or title
            named[value] = LabelStyle(value, name, title, _colour(colormap, value))
    return named


def _colour(colormap: Any, value: int) -> str:
    """Return the colour that a layer shows a label in, as ``#rrggbb``."""
    try:
        parts = np.asarray(colormap.map(value), float).reshape(-1)[:3]
    except (AttributeError, TypeError, ValueError):  # none, or of another kind
        parts = np.array([1.0, 0.0, 1.0])
    return "#" + "".join(f"{round(255 * part):02x}" for part in np.nan_to_num(parts).clip(0, 1))
