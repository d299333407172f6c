"""What a layer knows about where it came from, and whose grid a layer lies on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.viewer.display import is_placed

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid
    from napari_acs.imaging.dicom.origin import DicomOrigin
    from napari_acs.imaging.identify.guess import SequenceGuess
    from napari_acs.imaging.stamp import Stamp
    from napari_acs.imaging.step import Step

KEY = "napari_acs"
GUESS = "napari_acs_guess"
"""Key of the `SequenceGuess` of a layer whose name says no sequence, once it was looked at."""


OVERLAY = "napari_acs_overlay"
"""Key of layers of ours that show something of another layer, whose grid may be unknown."""

PLANE = "napari_acs_axial_plane"
"""Key of layers that show an axial plane which was cut anew for a tilted scan: its `Grid`."""

Maker: TypeAlias = Literal["model", "elsewhere", "reader"]


@dataclass(frozen=True)
class LayerInfo:
    """``layer.metadata["napari_acs"]``: the truth behind what is displayed.

    Attributes
    ----------
    grid : Grid
        Of the stored array, in the source file's own voxel order.
    source : Path or None
        The file that the voxels are from.
    study : str
        Patient and time, as the folder or file is called.
    sequence : str or None
        ``"t1"``, ``"t1ce"``, ``"t2"`` or ``"flair"`` where it is known.
    provenance : mapping or None
        Of a mask that a model made.
    dicom : DicomOrigin or None
        The series that the voxels are from.
    history : tuple of Step
        What was done to the voxels since they were read.
    guess : SequenceGuess or None
        How ``sequence`` was told.
    role : {"", "brain", "prepared", "uncertainty", "overlay"}
        ``"brain"`` marks a Labels layer that is a brain mask, not a tumour mask; ``"prepared"`` an
        image to look at that no study is to be made of; ``"uncertainty"`` an image that is no MRI;
        ``"overlay"`` a layer that shows something of a mask (what was changed) and is none.
    reference : LayerInfo or None
        Of voxels that were resampled, and of a mask file: the image whose grid this is.
    prediction : ndarray of uint8 or None
        Of a mask that a model made: as it made it, read-only, in the voxel order of ``grid``. In
        a review session also what else the mask was begun from.
    stamp : tuple or None
        Of ``source``, or of the series' files, as they were read; see `napari_acs.imaging.stamp`.
    maker : {"model", "elsewhere", "reader"}
        Who made ``prediction``: a model, somebody whose mask came with the study, or a reader.
    """

    grid: Grid
    source: Path | None = field(default=None, repr=False)  # of DICOM, often the patient's name
    study: str = ""
    sequence: str | None = None
    provenance: Mapping[str, Any] | None = None
    dicom: DicomOrigin | None = None
    history: tuple[Step, ...] = ()
    guess: SequenceGuess | None = None
    role: Literal["", "brain", "prepared", "uncertainty", "overlay"] = ""
    reference: LayerInfo | None = None
    prediction: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)
    stamp: Stamp | None = field(default=None, repr=False, compare=False)
    maker: Maker = field(default="model", compare=False)

    @property
    def home(self) -> LayerInfo:
        """Of the image whose own grid this is: what a saved mask takes over."""
        return self.reference or self


def info_in(metadata: Mapping[str, Any]) -> LayerInfo | None:
    """Return what a layer's ``metadata`` says, or None for a layer from elsewhere."""
    info = metadata.get(KEY)
    return info if isinstance(info, LayerInfo) else None


def guess_in(metadata: Mapping[str, Any]) -> SequenceGuess | None:
    """Return how a layer's sequence was told: when it was read, else by a look at its voxels."""
    info = info_in(metadata)
    if info is not None and info.guess is not None:
        return info.guess
    found: SequenceGuess | None = metadata.get(GUESS)
    return found


def is_diagonal(layer: Layer) -> bool:
    """Whether a layer is placed by scale and translate alone (no rotation, shear, affine)."""
    turns = {"rotate": layer.rotate, "shear": layer.shear, "affine": layer.affine.affine_matrix}
    return not _is_turned(turns)


def _is_turned(meta: Mapping[str, Any]) -> bool:
    """Tell so by a layer's attributes, as napari hands them to a writer."""
    for name in ("rotate", "shear", "affine"):
        if (told := meta.get(name)) is None:
            continue
        value = np.asarray(told, float)
        rest = np.eye(len(value)) if value.ndim == 2 else np.zeros_like(value)
        if not np.allclose(value, rest):
            return True
    return False


def find_info(name: str, shape: Any, meta: Mapping[str, Any], images: Iterable[Layer]) -> LayerInfo:
    """Return the grid that a Labels layer lies on: its own, or that of the image below it.

    Parameters
    ----------
    name : str
        Of the Labels layer.
    shape : tuple of int
        Of its displayed array.
    meta : mapping
        Its attributes as napari hands them to a writer; ``metadata`` and what places the layer
        are read.
    images : iterable of Layer
        Open image layers.

    Raises
    ------
    BadInput
        No grid fits, or several that differ, or are of two studies, do; or the layer was turned or
        moved with napari's transform tool, which no file of a mask would show.
    """
    if _is_turned(meta):
        raise BadInput(
            f"The layer {name!r} was rotated, sheared or moved after it was opened",
            found="a transform that a saved mask would not have",
            expected="the place of its image",
            do="Select the layer, and Alt-click napari's transform button, which takes it back",
        )
    scale = meta.get("scale", np.ones(len(shape)))
    translate = meta.get("translate", np.zeros(len(shape)))
    own = info_in(meta.get("metadata", {}))
    if own is not None and is_placed(own.grid, shape, scale, translate):
        return own
    below = [
        (layer.name, info)
        for layer in images
        if (info := info_in(layer.metadata)) is not None
        and is_placed(info.grid, shape, scale, translate)
        and is_diagonal(layer)
    ]
    # napari calls a new layer "<image> - Labels"
    named = [pair for pair in below if name.startswith(pair[0])]
    longest = max((len(pair[0]) for pair in named), default=0)  # "T1" begins "T1ce", too
    candidates = [pair for pair in named if len(pair[0]) == longest] or below
    if not candidates:
        raise BadInput(
            f"The layer {name!r} lies on no image that napari-acs opened",
            found=f"{' x '.join(map(str, shape))} voxels",
            expected="the size, scale and position of an open image",
            do="Select the image, make the labels with napari's 'New labels layer' button, "
            "and paint there",
        )
    first = candidates[0]
    for other in candidates[1:]:
        difference = first[1].grid.difference(other[1].grid)
        two = _two_studies(first[1], other[1])
        if difference is not None or two:
            found = f"files that differ: {difference}" if difference else two
            raise BadInput(
                f"The layer {name!r} could belong to {first[0]!r} or to {other[0]!r}",
                found=found,
                do="Rename the labels layer so that it begins with the name of its image",
            )
    return first[1]


def _two_studies(one: LayerInfo, other: LayerInfo) -> str:
    """Say so where a mask of the one, saved or measured as the other's, would be of another."""
    if _dicom_study(one) != _dicom_study(other):
        return "two DICOM studies"
    if one.study and other.study and one.study != other.study:
        return f"two studies on one grid, {one.study} and {other.study}"
    return ""


def _dicom_study(info: LayerInfo) -> str | None:
    """Return the DICOM study that a saved mask would name, or None."""
    return info.home.dicom.study_key if info.home.dicom else None
