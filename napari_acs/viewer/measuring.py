"""What is taken from a mask layer to be measured, and the worker's part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume, lps_grid
from napari_acs.imaging.cancel import never
from napari_acs.review.boxes import bounding_box
from napari_acs.review.edits.cost import EditCost, edit_costs
from napari_acs.review.measure.axial_plane import AxialPlane, plane_through
from napari_acs.review.measure.measures import Measures
from napari_acs.review.measure.midline import doubt_of, estimate_midline, sequence_for_midline
from napari_acs.review.measure.plane import Plane
from napari_acs.review.measure.regions import REGIONS
from napari_acs.review.measure.tumour import measure_tumour
from napari_acs.viewer.correcting import nesting_of
from napari_acs.viewer.info import LayerInfo, find_info, info_in, is_diagonal
from napari_acs.viewer.masks import as_mask

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid


@dataclass(frozen=True, eq=False)
class MaskShot:
    """A mask: the displayed array (z, y, x in LPS order), not copied, and its grid."""

    labels: NDArray[np.uint8]
    grid: Grid
    info: LayerInfo
    name: str

    def copied(self) -> MaskShot:
        """Return the same with a copy of the array, which later edits leave alone."""
        return replace(self, labels=np.array(self.labels, order="C", copy=True))


@dataclass(frozen=True, eq=False)
class MeasureRequest:
    """What is to be measured; ``midline`` is what is known of it, else the image to find it in.

    ``no_midline`` says why there is none, or why it is doubtful, where that is known already.
    """

    mask: MaskShot
    midline: Plane | None = None
    image: tuple[Any, Grid] | None = None
    no_midline: str = ""


@dataclass(frozen=True, eq=False)
class Measured:
    """The measures of a mask, and why the midline that they refer to is doubtful, or is none.

    The request's mask is a copy: what was measured. ``planes`` are by region those of the largest
    diameters, where axial planes were cut anew.
    """

    request: MeasureRequest
    measures: Measures
    no_midline: str = ""
    planes: Mapping[str, AxialPlane] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class MaskCost:
    """What it cost to correct a mask.

    Attributes
    ----------
    labels : ndarray of uint8, shape (z, y, x)
        A copy of the mask that this was worked out for.
    costs : dict of str to EditCost
    against : str
        What the mask was compared with, in a few words.
    """

    labels: NDArray[np.uint8]
    costs: dict[str, EditCost]
    against: str

    @property
    def changed(self) -> bool:
        """Whether any region was."""
        return any(cost.voxels_added or cost.voxels_removed for cost in self.costs.values())


def shot_of(layer: Labels, images: Iterable[Image]) -> MaskShot:
    """Take a mask layer as it is.

    Raises
    ------
    BadInput
        It lies on no known grid, was turned, or is no mask.
    """
    if not is_diagonal(layer):
        raise BadInput(
            f"The layer {layer.name!r} was rotated or sheared after it was opened",
            do="Open the mask again",
        )
    labels = as_mask(np.asarray(layer.data), layer.name)
    meta = {"scale": layer.scale, "translate": layer.translate, "metadata": layer.metadata}
    info = find_info(layer.name, labels.shape, meta, tuple(images))
    return MaskShot(labels, lps_grid(info.grid), info, layer.name)


def image_for_midline(
    mask: MaskShot, images: Iterable[Image], sequence_of: Callable[[Image], str | None]
) -> Image | None:
    """Return the image of the mask's study that shows the midline best, if any."""
    fitting = images_of_study(mask, images, sequence_of)
    best = sequence_for_midline({n: grid_of(each) for n, each in fitting.items()}, mask.grid)
    return None if best is None else fitting[best]


def images_of_study(
    mask: MaskShot, images: Iterable[Image], sequence_of: Callable[[Image], str | None]
) -> dict[str, Image]:
    """Return the images of a mask's study by sequence; of two, one that lies on the mask."""
    on_mask: dict[str, Image] = {}
    elsewhere: dict[str, Image] = {}
    for image in images:
        info, name = info_in(image.metadata), sequence_of(image)
        if info is None or name is None or tuple(image.data.shape) != lps_grid(info.grid).shape:
            continue
        there = lps_grid(info.grid).difference(mask.grid) is None
        if info.study == mask.info.study if mask.info.study else there:
            (on_mask if there else elsewhere).setdefault(name, image)
    return {**elsewhere, **on_mask}


def grid_of(image: Image) -> Grid:
    """Return the grid of the array of an image that we opened (z, y, x in LPS order)."""
    info = info_in(image.metadata)
    assert info is not None
    return lps_grid(info.grid)


def measure(request: MeasureRequest, cancelled: Callable[[], bool] = never) -> Measured:
    """Copy a mask, and measure it; takes seconds where the midline is still to be found.

    Raises
    ------
    BadInput
        The mask has labels that are not known.
    Cancelled
    """
    mask = request.mask.copied()
    request = replace(request, mask=mask)
    labels = plain_labels(mask.labels)
    midline, why = request.midline, request.no_midline
    if midline is None and request.image is not None:
        array, grid = request.image
        try:
            found = estimate_midline(Volume(np.asarray(array), grid))
            midline, why = found.plane, doubt_of(found)
        except BadInput as refusal:
            why = refusal.sentence()
    elif midline is None:
        why = why or "No image of the study is open to find the midline in."
    measures = measure_tumour(labels, mask.grid, midline, cancelled=cancelled)
    return Measured(request, measures, why, _planes(labels, mask.grid, measures))


def _planes(labels: NDArray[np.uint8], grid: Grid, measures: Measures) -> dict[str, AxialPlane]:
    box = bounding_box(labels) if measures.axial_resampled else None
    if box is None:
        return {}
    part, there = labels[box], grid.crop(box)  # each region is looked for in the tumour alone
    return {
        name: plane_through(
            np.isin(part, REGIONS[name]), there, region.largest_axial.diameter.ends_lps_mm, grid
        )
        for name, region in measures.regions.items()
        if region.largest_axial is not None
    }


def cost_of(mask: MaskShot, before: NDArray[Any], against: str) -> MaskCost:
    """Compare a mask with what it was before corrections (z, y, x in LPS order).

    Parameters
    ----------
    mask : MaskShot
        With an array that nobody edits any more.
    before : ndarray of int
    against : str
        What that is, in a few words.

    Raises
    ------
    BadInput
        The shapes differ, or labels are not known.
    """
    if before.shape != mask.labels.shape:
        raise BadInput(
            f"{mask.name!r} cannot be compared with {against}",
            found=f"{mask.labels.shape} and {before.shape}",
            expected="one shape (z, y, x)",
        )
    predicted = plain_labels(as_mask(np.ascontiguousarray(before), mask.name))
    costs = edit_costs(predicted, plain_labels(mask.labels), mask.grid)
    return MaskCost(mask.labels, costs, against)


def plain_labels(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return labels in which enhancing tumour is 3.

    Raises
    ------
    BadInput
        There are both 3 and 4.
    """
    values = nesting_of(labels).values
    if 4 not in values:
        return labels
    return np.where(labels == 4, np.uint8(3), labels)
