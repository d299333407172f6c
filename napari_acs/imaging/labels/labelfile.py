"""Read a label map of any format that masks come in, with the names of its segments."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import SimpleITK as sitk

from napari_acs.errors import BadInput
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.labels.place import onto_grid
from napari_acs.imaging.labels.segments import SegmentName, label_values, name_segments
from napari_acs.imaging.labels.segnrrd import layers_and_segments, merge_layers
from napari_acs.imaging.names import SUFFIXES
from napari_acs.imaging.read import read_labels, reading
from napari_acs.imaging.volume import Volume


@dataclass(frozen=True)
class LabelFile:
    """A mask file as it was read.

    Attributes
    ----------
    volume : Volume
        Labels as uint8.
    segments : tuple of SegmentName
        One for each label that occurs; named in the file or by number.
    notes : tuple of str
        What was decided in reading that the user should know, a sentence each.
    """

    volume: Volume
    segments: tuple[SegmentName, ...]
    notes: tuple[str, ...] = ()


def read_segments(path: str | PathLike[str], grid: Grid | None = None) -> LabelFile:
    """Read a label map, and put it on a grid by its position in the patient.

    Parameters
    ----------
    path : path
        ``.nii``, ``.nii.gz``, ``.nrrd``, ``.seg.nrrd``, ``.mha`` and the like, a DICOM
        segmentation (binary, fractional or label map) or a DICOM RT structure set.
    grid : Grid, optional
        Where the labels are wanted, as a rule that of the study. The file may be a crop of it,
        lack slices, or have its axes in another order; no voxel is resampled. Without it the
        labels stay on the file's own grid. RT structure sets need it: they have none.

    Raises
    ------
    BadInput
        The file is none of these, is damaged, holds no labels or overlapping segments, or does
        not lie on ``grid``.
    """
    path = Path(fspath(path))
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        from napari_acs.imaging.dicom.masks import read_mask  # noqa: PLC0415 (loads pydicom)

        volume, segments, notes = read_mask(path, grid)
        return _named(volume, segments, notes)
    if name.endswith((".nrrd", ".nhdr")):
        file = _read_nrrd(path)
    else:
        file = LabelFile(read_labels(path), ())
    volume = onto_grid(file.volume, grid, path.name) if grid is not None else file.volume
    return _named(volume, file.segments, file.notes)


def _named(volume: Volume, segments: tuple[SegmentName, ...], notes: tuple[str, ...]) -> LabelFile:
    return LabelFile(volume, name_segments(label_values(volume.array), segments), notes)


def _read_nrrd(path: Path) -> LabelFile:
    with reading(path) as reader:
        reader.ReadImageInformation()
        pairs = {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys()}
        try:
            segments = layers_and_segments(pairs)
            layered = reader.GetNumberOfComponents() > 1 and reader.GetDimension() == 3
            grid = Grid.from_image(reader) if layered and segments else None
        except ValueError as error:
            raise BadInput(
                f"{path.name} contradicts itself about its segments or their place",
                found=str(error),
                do="Save the segmentation again in 3D Slicer",
            ) from error
        if grid is None:
            return LabelFile(read_labels(path), tuple(one for _, one in segments))
        layers = sitk.GetArrayFromImage(reader.Execute())
    labels, named, notes = merge_layers(layers, segments, path.name)
    return LabelFile(Volume(labels, grid, path), named, notes)
