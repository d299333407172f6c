"""Write DICOM series to try things on, in the dialects of several scanners.

Used by the tests of other rooms too::

    from imaging.dicom.write import write_series
    files = write_series(tmp_path / "t1", volume, description="T1 AX", EchoTime=12.0)
"""

from __future__ import annotations

import random
import re
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)
from pydicom.valuerep import format_number_as_ds

from napari_acs.imaging.grid import Grid
from napari_acs.imaging.volume import Volume

NAME, PATIENT_ID, BIRTH = "DOE^JANE", "PAT-4711", "19540321"
SECRETS = ("DOE", "JANE", "4711", "ACC99001", "19540321", "1954", "20200131", "SMITH", "MERCY")
"""What may appear in no message and no record."""


def assert_names_nobody(text: str) -> None:
    """Check that a message or a record holds none of the patient's words ("does not" may stay)."""
    words = set(re.findall(r"[^\W_]+", text.upper()))
    assert not words & set(SECRETS), text


STUDY = generate_uid(entropy_srcs=["study"])
FRAME = generate_uid(entropy_srcs=["frame of reference"])

SIEMENS = {"Manufacturer": "SIEMENS", "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"]}
GE = {
    "Manufacturer": "GE MEDICAL SYSTEMS",
    "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
    "TriggerTime": 0.0,
    "private": {(0x0043, "GEMS_PARM_01", 0x39): ("IS", [0, 8, 0, 0])},
}
PHILIPS = {
    "Manufacturer": "Philips Medical Systems",
    "ImageType": ["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"],
    "RescaleSlope": 1.36849816849817,
    "RescaleIntercept": 0.0,
    "private": {
        (0x2005, "Philips MR Imaging DD 001", 0x0D): ("FL", 0.0),
        (0x2005, "Philips MR Imaging DD 001", 0x0E): ("FL", 0.0123),
    },
}


def ds(number: float) -> str:
    """Write a number as the 16 characters that DICOM allows."""
    return format_number_as_ds(float(number))


def patient(dataset: Dataset) -> Dataset:
    """Name the patient everywhere a scanner does."""
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = NAME, PATIENT_ID, BIRTH
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = "20200131"
    dataset.AccessionNumber = "ACC99001"
    dataset.ReferringPhysicianName = "SMITH^ADA"
    dataset.InstitutionName = "MERCY HOSPITAL"
    return dataset


def base(
    sop_class: str,
    series_uid: str,
    description: str,
    number: int | None,
    *,
    study_uid=STUDY,
    uid=None,
    syntax=ExplicitVRLittleEndian,
) -> FileDataset:
    """Make a dataset with everything but the image."""
    uid = uid or generate_uid()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), uid
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = generate_uid(entropy_srcs=["napari-acs"])
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, uid
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study_uid, series_uid
    dataset.FrameOfReferenceUID = FRAME
    dataset.Modality = "MR"
    dataset.SeriesDescription = description
    dataset.SeriesNumber = number
    dataset.AcquisitionTime = "101500"
    dataset.StudyTime, dataset.StudyID = "100000", "1"
    return patient(dataset)


def put_pixels(dataset: Dataset, pixels: np.ndarray, bits_stored: int | None = None) -> None:
    """Store integers of 8, 16 or 32 bits as they are, in the byte order of the dataset."""
    bits = pixels.dtype.itemsize * 8
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored = bits, bits_stored or bits
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    little = dataset.file_meta.TransferSyntaxUID != pydicom.uid.ExplicitVRBigEndian
    order = "<" if little else ">"
    data = np.ascontiguousarray(pixels).astype(pixels.dtype.newbyteorder(order)).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def save(dataset: Dataset, path: Path, compress: str | None = None) -> Path:
    """Save a dataset in its own transfer syntax, or compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if compress:
            dataset.compress(compress, generate_instance_uid=False)
        syntax = dataset.file_meta.TransferSyntaxUID
        pydicom.dcmwrite(
            path,
            dataset,
            enforce_file_format=True,
            **(
                {}
                if syntax.is_compressed or syntax == ExplicitVRLittleEndian
                else {
                    "implicit_vr": syntax.is_implicit_VR,
                    "little_endian": syntax.is_little_endian,
                }
            ),
        )
    return path


def write_series(
    folder: Path,
    volume: Volume | np.ndarray,
    grid: Grid | None = None,
    *,
    description: str = "T1 AX",
    number: int | None = 5,
    series_uid: str | None = None,
    study_uid: str = STUDY,
    syntax: str = ExplicitVRLittleEndian,
    compress: str | None = None,
    slopes: list[tuple[float, float]] | None = None,
    suffix: str = ".dcm",
    shuffle: bool = False,
    reverse: bool = False,
    bits_stored: int | None = None,
    edit=None,
    private=None,
    first_instance: int = 1,
    **tags,
) -> list[Path]:
    """Write a volume as one classic MR file a slice, and return the files in order of z.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    volume : Volume or ndarray
        Whole numbers of 8, 16 or 32 bits, (z, y, x): what is *stored*.
    grid : Grid
        Any orthonormal one; left-handed grids are written as they are (a reader turns z round).
    syntax, compress : str
        Transfer syntax to write, and one to compress to.
    slopes : list of (slope, intercept)
        For each slice; ``RescaleSlope=`` and ``RescaleIntercept=`` set the same for all.
    shuffle, reverse : bool
        File names in random order; instance numbers from the top down.
    edit : callable(dataset, z)
        Changes a slice before it is saved.
    tags
        DICOM keywords with their values, the same in every slice; None leaves a tag out.
    """
    if isinstance(volume, Volume):
        array, grid = volume.array, grid or volume.grid
    else:
        array = volume
    assert grid is not None
    assert grid.shape == array.shape
    series_uid = series_uid or generate_uid()
    direction = np.reshape(grid.direction, (3, 3))
    count = array.shape[0]
    names = list(range(count))
    if shuffle:
        random.Random(4).shuffle(names)
    files = []
    for z in range(count):
        dataset = base(
            MRImageStorage, series_uid, description, number, study_uid=study_uid, syntax=syntax
        )
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        dataset.ScanningSequence, dataset.SequenceVariant = "SE", "SK"
        dataset.EchoTime, dataset.RepetitionTime, dataset.FlipAngle = "12.0", "500.0", "90"
        dataset.InstanceNumber = first_instance + (count - 1 - z if reverse else z)
        dataset.AcquisitionNumber = 1
        position = grid.index_to_point([(0, 0, z)])[0]
        dataset.ImagePositionPatient = [ds(v) for v in position]
        dataset.ImageOrientationPatient = [ds(v) for v in direction[:, :2].T.ravel()]
        dataset.PixelSpacing = [ds(grid.spacing[1]), ds(grid.spacing[0])]
        dataset.SliceThickness = dataset.SpacingBetweenSlices = ds(grid.spacing[2])
        put_pixels(dataset, array[z], bits_stored)
        if slopes:
            dataset.RescaleSlope, dataset.RescaleIntercept = map(ds, slopes[z])
        for keyword, value in tags.items():
            if value is None:
                if keyword in dataset:
                    delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, ds(value) if isinstance(value, float) else value)
        for (group, creator, element), (vr, value) in (private or {}).items():
            dataset.private_block(group, creator, create=True).add_new(element, vr, value)
        if edit:
            edit(dataset, z)
        files.append(save(dataset, folder / f"IM{names[z]:05d}{suffix}", compress))
    return files


def write_enhanced(
    path: Path,
    array: np.ndarray,
    grid: Grid,
    *,
    description: str = "T1 AX",
    number: int = 5,
    slopes: list[tuple[float, float]] | None = None,
    order: list[int] | None = None,
    echoes: tuple[float, ...] = (12.0,),
    compress: str | None = None,
    edit=None,
    edit_frame=None,
    **tags,
) -> Path:
    """Write one enhanced multi-frame MR file; with several echoes, the array once for each.

    The values of echo ``i`` are those of the array plus ``i``.
    """
    dataset = base(EnhancedMRImageStorage, generate_uid(), description, number)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
    dataset.InstanceNumber = 1
    direction = np.reshape(grid.direction, (3, 3))
    shared = Dataset()
    plane, measures, timing = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = [ds(v) for v in direction[:, :2].T.ravel()]
    measures.PixelSpacing = [ds(grid.spacing[1]), ds(grid.spacing[0])]
    measures.SliceThickness = ds(grid.spacing[2])
    timing.RepetitionTime, timing.FlipAngle = 500.0, 90.0
    shared.PlaneOrientationSequence = [plane]
    shared.PixelMeasuresSequence = [measures]
    shared.MRTimingAndRelatedParametersSequence = [timing]
    dataset.SharedFunctionalGroupsSequence = [shared]
    groups, pixels = [], []
    for index, echo in enumerate(echoes):
        for z in order or range(array.shape[0]):
            position, content, te, scale, frame = (Dataset() for _ in range(5))
            position.ImagePositionPatient = [ds(v) for v in grid.index_to_point([(0, 0, z)])[0]]
            content.DimensionIndexValues = [index + 1, z + 1]
            te.EffectiveEchoTime = echo
            slope, intercept = slopes[z] if slopes else (1.0, 0.0)
            scale.RescaleSlope, scale.RescaleIntercept = ds(slope), ds(intercept)
            scale.RescaleType = "US"
            frame.PlanePositionSequence, frame.FrameContentSequence = [position], [content]
            frame.MREchoSequence, frame.PixelValueTransformationSequence = [te], [scale]
            if edit_frame:
                edit_frame(frame, z)
            groups.append(frame)
            pixels.append(array[z] + array.dtype.type(index))
    dataset.PerFrameFunctionalGroupsSequence = groups
    dataset.NumberOfFrames = len(groups)
    put_pixels(dataset, np.stack(pixels))
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    if edit:
        edit(dataset)
    return save(dataset, path, compress)
