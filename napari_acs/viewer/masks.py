"""From a Labels layer to a mask file in the source's own voxel order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import from_lps, save_labels
from napari_acs.imaging.labels.segments import Maker, SegmentName, label_values
from napari_acs.imaging.labels.source import is_other_now
from napari_acs.viewer.info import LayerInfo, find_info, info_in
from napari_acs.viewer.layers import GLIOMA_STYLES, LabelStyle, styles_of

if TYPE_CHECKING:
    from napari.layers import Labels, Layer
    from numpy.typing import NDArray

    from napari_acs.imaging.labels.proof import Proof

Convention = Literal["as shown", "1/2/4", "1/2/3"]
"""Which number enhancing tumour gets in the file: 4 in BraTS up to 2021, 3 from 2023 on."""

_ENHANCING = {"1/2/4": (4, 3), "1/2/3": (3, 4)}
"""Its number in the file, and the other that it may have in the layer."""

SUFFIXES = (".nii.gz", ".nii", ".seg.nrrd", ".nrrd", ".mha", ".rtstruct.dcm", ".dcm")
"""Of mask files: NIfTI, NRRD (with the names of segments for 3D Slicer), MetaImage, and, for a
study that was read from DICOM, RT structure set and DICOM segmentation."""


@dataclass(frozen=True)
class Mask:
    """A label map taken from a layer, ready to be written, by another thread if need be.

    Attributes
    ----------
    labels : ndarray of uint8, shape (z, y, x)
        A copy, in the voxel order of ``info.grid``.
    info : LayerInfo
        Grid and source of the image that it lies on.
    name : str
        Of the layer, for refusals.
    segments : tuple of LabelStyle
        What the labels are called.
    made_by : mapping or None
        Provenance of a mask that a model made, whatever was corrected since.
    prediction : ndarray of uint8 or None
        The mask as the model made it.
    inputs : tuple of Path
        Files of the open images, which no mask may replace.
    """

    labels: NDArray[np.uint8]
    info: LayerInfo
    name: str
    segments: tuple[LabelStyle, ...] = GLIOMA_STYLES
    made_by: Mapping[str, Any] | None = None
    prediction: NDArray[np.uint8] | None = None
    inputs: tuple[Path, ...] = field(default=(), repr=False)  # DICOM's are named after patients


def mask_of(layer: Labels, images: Iterable[Layer]) -> Mask:
    """Return a Labels layer's content as a mask; see `mask_from`."""
    meta = {
        "scale": layer.scale,
        "translate": layer.translate,
        "rotate": layer.rotate,
        "shear": layer.shear,
        "affine": layer.affine.affine_matrix,
        "metadata": layer.metadata,
        "features": layer.features,
        "colormap": layer.colormap,
    }
    return mask_from(layer.data, layer.name, meta, images)


def mask_from(data: Any, name: str, meta: Mapping[str, Any], images: Iterable[Layer]) -> Mask:
    """Return a layer's parts, as napari hands them to a writer, as a mask.

    Parameters
    ----------
    data : array of integer, shape (z, y, x) as displayed
        Values 0 to 255.
    name : str
        Of the layer.
    meta : mapping
        Attributes of the layer; ``metadata`` and what places it are read.
    images : iterable of Layer
        Open image layers, for a Labels layer that the user made over one of them.

    Raises
    ------
    BadInput
        The layer lies on no known grid, or holds what a mask can't.
    """
    labels = as_mask(np.asarray(data), name)
    images = tuple(images)
    info = find_info(name, labels.shape, meta, images)
    stored = from_lps(labels, info.grid)
    return Mask(
        np.array(stored, order="C", copy=True),
        info.home,
        name,
        styles_of(meta),
        info.provenance,
        info.prediction,
        _files(info, *(info_in(image.metadata) for image in images)),
    )


def write_mask(
    path: Path, mask: Mask, convention: Convention = "as shown", *, overwrite: bool = False
) -> Path:
    """Write a mask as `save_mask` does, and return the file that was written."""
    return save_mask(path, mask, convention, overwrite=overwrite).file


def save_mask(
    path: Path, mask: Mask, convention: Convention = "as shown", *, overwrite: bool = False
) -> Proof:
    """Write a mask with the exact geometry of the image that it lies on, and prove it.

    Names and colours go with the voxels: a label that gets another number keeps its own.

    Parameters
    ----------
    path : Path
        With one of `SUFFIXES`; without a suffix ``.nii.gz`` is added.
    mask : Mask
        What to write.
    convention : {"as shown", "1/2/4", "1/2/3"}
        Number that enhancing tumour gets in the file.
    overwrite : bool
        Whether an existing file may be replaced; only where the user was asked.

    Returns
    -------
    Proof
        Of the file that was written.

    Raises
    ------
    BadInput
        The labels can't be numbered so, or the file exists, is an open image's, can't be written
        or would not read back as the mask.
    """
    path = with_suffix(path)
    _refuse_input(path, mask)
    labels, segments = _numbered(mask, convention)
    present = set(label_values(labels))
    styles = {style.value: style for style in segments if style.value in present}
    home = mask.info
    return save_labels(
        path,
        labels,
        home.grid,
        overwrite=overwrite,
        source=None if is_other_now(home.source, home.grid) else home.source,
        segments=[SegmentName(s.value, s.name, s.title, s.color) for s in styles.values()],
        dicom=home.dicom,
        maker=_maker(mask),
    )


def _numbered(
    mask: Mask, convention: Convention
) -> tuple[NDArray[np.uint8], tuple[LabelStyle, ...]]:
    labels = relabel(mask.labels, convention, mask.name)
    if labels is mask.labels:
        return labels, mask.segments
    wanted, other = _ENHANCING[convention]
    moved = next((style for style in mask.segments if style.value == other), None)
    if moved is None or not _is_enhancing(moved):
        called = "has no name" if moved is None else f"is called {moved.title!r}"
        raise BadInput(
            f"{mask.name!r} is not saved with label {wanted} for {other}",
            found=f"label {other} {called} in this layer",
            expected="enhancing tumour",
            do=f"Choose the labels with {other}, or use File > Save Selected Layers",
        )
    rest = (style for style in mask.segments if style.value not in {wanted, other})
    return labels, (*rest, replace(moved, value=wanted))


def _is_enhancing(style: LabelStyle) -> bool:
    return style.name.upper() == "ET" or "enhanc" in f"{style.name} {style.title}".lower()


def _maker(mask: Mask) -> Maker:
    if mask.made_by is None:
        return Maker("MANUAL")
    model = mask.made_by.get("model", {})
    told = (str(model.get("id", "")), str(model.get("version", "")))
    untouched = mask.prediction is not None and np.array_equal(mask.labels, mask.prediction)
    return Maker("AUTOMATIC" if untouched else "SEMIAUTOMATIC", *told)


def _files(*infos: LayerInfo | None) -> tuple[Path, ...]:
    homes = [one for info in infos if info is not None for one in (info, info.home)]
    files = dict.fromkeys(file for info in homes if info.dicom for file in info.dicom.files)
    return tuple(files | dict.fromkeys(info.source for info in homes if info.source))


def _refuse_input(path: Path, mask: Mask) -> None:
    """Refuse to replace an image, even where the user has said yes to a dialog."""
    if not path.is_file():
        return
    if any(file.is_file() and path.samefile(file) for file in mask.inputs):
        raise BadInput(
            f"{path.name} is one of the open images",
            expected="a file of its own for the mask",
            do="Choose another name; nothing was changed",
        )


def with_suffix(path: Path) -> Path:
    """Return the path, with ``.nii.gz`` added where it has no suffix.

    Raises
    ------
    BadInput
        The suffix is not one of a mask file.
    """
    if path.name.lower().endswith(SUFFIXES):
        return path
    if path.suffix:
        raise BadInput(
            f"{path.name} can't be written as a mask",
            found=f"the ending {path.suffix}",
            expected=", ".join(SUFFIXES),
            do="Choose a name with one of these endings",
        )
    return path.with_name(path.name + ".nii.gz")


def relabel(labels: NDArray[np.uint8], convention: Convention, name: str) -> NDArray[np.uint8]:
    """Return the labels with enhancing tumour numbered as the convention says.

    Raises
    ------
    BadInput
        The layer holds both 3 and 4, so that they would be merged.
    """
    if convention == "as shown":
        return labels
    wanted, other = _ENHANCING[convention]
    moved = labels == other
    if not moved.any():
        return labels
    if (labels == wanted).any():
        raise BadInput(
            f"The layer {name!r} holds both 3 and 4",
            expected="one number for enhancing tumour",
            do="Change one of them, or save the layer as it is with File > Save Selected Layers",
        )
    return np.where(moved, np.uint8(wanted), labels)


def as_mask(data: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """Return a layer's array as labels of one byte; not copied where it is one.

    Raises
    ------
    BadInput
        It is no volume, or holds a label that is no such number.
    """
    if data.ndim != 3:
        raise BadInput(
            f"The layer {name!r} has {data.ndim} dimensions",
            expected="3: a volume",
            do="Save a 3D Labels layer",
        )
    if data.dtype == np.uint8:
        return data
    low, high = int(data.min(initial=0)), int(data.max(initial=0))
    if low < 0 or high > 255:
        raise BadInput(
            f"The layer {name!r} holds label {high if high > 255 else low}",
            expected="labels from 0 to 255",
            do="Change that label and save again",
        )
    return data.astype(np.uint8)
