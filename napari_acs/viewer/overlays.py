"""Layers that show something of a mask and are none: differences, and a range of brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging import from_lps
from napari_acs.review.correct import ONLY_FIRST, ONLY_SECOND, OTHER_LABEL
from napari_acs.viewer.info import KEY, OVERLAY, LayerInfo, info_in
from napari_acs.viewer.layers import LabelStyle, LayerTuple, labels_layer

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer
    from numpy.typing import NDArray

_LARGE = 20_000_000
_RANGE_COLOR = (0.0, 0.9, 1.0, 1.0)


def difference_layer(
    differences: NDArray[np.uint8], over: Labels, name: str, first: str, second: str
) -> LayerTuple:
    """Return where two masks differ, as a Labels layer in three colours.

    Parameters
    ----------
    differences : ndarray of uint8, shape (z, y, x)
        As `napari_acs.review.correct.compare` says it, in displayed order.
    over : Labels
        One of the two; gives the place.
    name : str
        Of the layer.
    first, second : str
        What the two masks are called.
    """
    styles = (
        LabelStyle(ONLY_FIRST, "first", f"only in {first}", "#00c8ff"),
        LabelStyle(ONLY_SECOND, "second", f"only in {second}", "#ff4dd2"),
        LabelStyle(OTHER_LABEL, "other", "another label", "#ff9f1a"),
    )
    info = info_in(over.metadata)
    if info is not None:
        info = LayerInfo(info.grid, study=info.study, role="overlay", reference=info.home)
        return labels_layer(from_lps(differences, info.grid), info, name, styles)
    return _placed_like(over, differences, name, styles)


def _placed_like(
    over: Labels, array: NDArray[np.uint8], name: str, styles: tuple[LabelStyle, ...]
) -> LayerTuple:
    from napari.utils.colormaps import DirectLabelColormap  # noqa: PLC0415 (napari is slow)

    colors: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    colors |= {style.value: style.color for style in styles}
    attributes = {
        **_place_of(over),
        "name": name,
        "metadata": {OVERLAY: True},
        "colormap": DirectLabelColormap(color_dict=colors),
        "opacity": 0.55,
    }
    return array, attributes, "labels"


def range_layer(image: Image, low: float, high: float) -> LayerTuple:
    """Return an Image layer on the same array that colours the values from low to high.

    Nothing is copied or computed: the colormap leaves out what is beyond its limits, so the
    range follows a slider at once (`show_range`).
    """
    from napari.utils import Colormap  # noqa: PLC0415 (napari is slow)

    clear = (0.0, 0.0, 0.0, 0.0)
    info = info_in(image.metadata)
    metadata: dict[str, Any] = {OVERLAY: True}
    if info is not None:
        metadata[KEY] = LayerInfo(
            info.grid, study=info.study, role="overlay", reference=info.reference
        )
    attributes = {
        **_place_of(image),
        "name": f"range of {image.name}",
        "metadata": metadata,
        "colormap": Colormap(
            [_RANGE_COLOR, _RANGE_COLOR], low_color=clear, high_color=clear, name="range"
        ),
        "contrast_limits": _limits(low, high),
        "blending": "translucent",
        "interpolation2d": "nearest",  # a value belongs to a voxel
        "opacity": 0.45,
    }
    return image.data, attributes, "image"


def values_of(image: Image) -> tuple[float, float]:
    """Return the lowest and the highest finite value of an image; of a very large one, about."""
    array = np.asarray(image.data)
    if array.size > _LARGE:
        array = array[::2, ::2, ::2]
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        finite = array[np.isfinite(array)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return low, high if high > low else low + 1


def show_range(layer: Image, low: float, high: float) -> None:
    """Colour this range from now on."""
    layer.contrast_limits = _limits(low, high)


def _limits(low: float, high: float) -> tuple[float, float]:
    return low, high if high > low else low + max(abs(low), 1.0) * 1e-6


def _place_of(layer: Layer) -> dict[str, Any]:
    return {name: getattr(layer, name) for name in ("scale", "translate", "units", "axis_labels")}
