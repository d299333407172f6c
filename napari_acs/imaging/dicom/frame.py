"""One slice as its header describes it: where it is, how its voxels are stored and scaled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.imaging.dicom.values import integer, items, number, numbers, text, texts

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SIEMENS_B = 0x0019100C
_GE_B = 0x00431039


@dataclass(frozen=True)
class PixelFormat:
    """How the pixels of a file are stored; numbers are None where the header lacks them."""

    rows: int | None
    columns: int | None
    frames: int
    samples: int
    photometric: str
    allocated: int | None
    stored: int | None
    high_bit: int | None
    signed: bool
    syntax: str

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame, not compressed."""
        return (self.rows or 0) * (self.columns or 0) * self.samples * (self.allocated or 0) // 8


@dataclass(frozen=True)
class Frame:
    """One slice.

    Attributes
    ----------
    file, index, pixels : Path, int, PixelFormat
        The file, which of its frames this is (from 0), and how they are stored.
    position : (x, y, z) or None
        ImagePositionPatient, LPS mm.
    orientation : six floats or None
        ImageOrientationPatient.
    spacing : (float, float) or None
        PixelSpacing in DICOM's order: between rows, between columns.
    slope, intercept : float or None
        Rescale; None where the header holds no number there.
    split : mapping of str to value
        What can tell the volumes of one series apart, by name.
    image_type : tuple of str
    instance : int or None
        InstanceNumber, to show.
    """

    file: Path = field(repr=False)
    index: int
    pixels: PixelFormat
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    slope: float | None
    intercept: float | None
    split: dict[str, object] = field(hash=False)
    image_type: tuple[str, ...]
    instance: int | None


def pixel_format(dataset: Dataset) -> PixelFormat:
    """Read how a file's pixels are stored."""
    frames = integer(dataset, "NumberOfFrames")
    samples = integer(dataset, "SamplesPerPixel")
    try:
        syntax = str(dataset.file_meta.TransferSyntaxUID)
    except AttributeError:
        little = dataset.original_encoding[1] is not False
        implicit = dataset.original_encoding[0] is not False
        syntax = "1.2.840.10008.1.2" + ("" if implicit and little else ".1" if little else ".2")
    return PixelFormat(
        rows=integer(dataset, "Rows"),
        columns=integer(dataset, "Columns"),
        frames=1 if frames is None else frames,
        samples=1 if samples is None else samples,
        photometric=text(dataset, "PhotometricInterpretation") or "MONOCHROME2",
        allocated=integer(dataset, "BitsAllocated"),
        stored=integer(dataset, "BitsStored"),
        high_bit=integer(dataset, "HighBit"),
        signed=integer(dataset, "PixelRepresentation") == 1,
        syntax=syntax,
    )


def read_frames(path: Path, dataset: Dataset) -> tuple[Frame, ...]:
    """Describe every frame of a file: one, or those of an enhanced multi-frame object."""
    pixels = pixel_format(dataset)
    per_frame = items(dataset, "PerFrameFunctionalGroupsSequence")
    if not per_frame:
        return (_classic(path, dataset, pixels),)
    shared = next(iter(items(dataset, "SharedFunctionalGroupsSequence")), None)
    return tuple(
        _enhanced(path, index, pixels, [group, *([] if shared is None else [shared]), dataset])
        for index, group in enumerate(per_frame)
    )


def _classic(path: Path, dataset: Dataset, pixels: PixelFormat) -> Frame:
    image_type = texts(dataset, "ImageType")
    return Frame(
        file=path,
        index=0,
        pixels=pixels,
        position=numbers(dataset, "ImagePositionPatient", 3),
        orientation=numbers(dataset, "ImageOrientationPatient", 6),
        spacing=numbers(dataset, "PixelSpacing", 2),
        slope=_scale(dataset, "RescaleSlope", 1.0),
        intercept=_scale(dataset, "RescaleIntercept", 0.0),
        split={
            "echo time": number(dataset, "EchoTime"),
            "time point": number(dataset, "TemporalPositionIdentifier"),
            "b value": _b_value(dataset),
            "acquisition": number(dataset, "AcquisitionNumber"),
            "inversion time": number(dataset, "InversionTime"),
            "flip angle": number(dataset, "FlipAngle"),
            "trigger time": number(dataset, "TriggerTime"),
            "gradient": numbers(dataset, "DiffusionGradientOrientation", 3),
            "image type": image_type,
        },
        image_type=image_type,
        instance=integer(dataset, "InstanceNumber"),
    )


def _enhanced(path: Path, index: int, pixels: PixelFormat, places: list[Dataset]) -> Frame:
    def first(sequence: str) -> Iterator[Dataset]:
        return (item for place in places for item in items(place, sequence)[:1])

    def one(sequence: str, keyword: str) -> float | None:
        return next(
            (n for item in first(sequence) if (n := number(item, keyword)) is not None), None
        )

    def many(sequence: str, keyword: str, count: int) -> tuple[float, ...] | None:
        return next((n for item in first(sequence) if (n := numbers(item, keyword, count))), None)

    scale = next(first("PixelValueTransformationSequence"), None)
    frame_type = next(first("MRImageFrameTypeSequence"), None)
    image_type = texts(frame_type or places[-1], "FrameType" if frame_type else "ImageType")
    directions = (
        item
        for diffusion in first("MRDiffusionSequence")
        for item in items(diffusion, "DiffusionGradientDirectionSequence")[:1]
    )
    return Frame(
        file=path,
        index=index,
        pixels=pixels,
        position=many("PlanePositionSequence", "ImagePositionPatient", 3),
        orientation=many("PlaneOrientationSequence", "ImageOrientationPatient", 6),
        spacing=many("PixelMeasuresSequence", "PixelSpacing", 2),
        slope=1.0 if scale is None else _scale(scale, "RescaleSlope", 1.0),
        intercept=0.0 if scale is None else _scale(scale, "RescaleIntercept", 0.0),
        split={
            "echo time": one("MREchoSequence", "EffectiveEchoTime"),
            "time point": one("FrameContentSequence", "TemporalPositionIndex"),
            "b value": one("MRDiffusionSequence", "DiffusionBValue"),
            "acquisition": one("FrameContentSequence", "FrameAcquisitionNumber"),
            "inversion time": one("MRModifierSequence", "InversionTimes"),
            "flip angle": one("MRTimingAndRelatedParametersSequence", "FlipAngle"),
            "trigger time": one("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
            "gradient": next(
                (numbers(item, "DiffusionGradientOrientation", 3) for item in directions), None
            ),
            "image type": image_type,
        },
        image_type=image_type,
        instance=index + 1,
    )


def _scale(dataset: Dataset, keyword: str, default: float) -> float | None:
    """Return a rescale number: the default when the tag is absent, None when it is no number."""
    if keyword not in dataset:
        return default
    return number(dataset, keyword)


def _b_value(dataset: Dataset) -> float | None:
    for keyword in ("DiffusionBValue", _SIEMENS_B, _GE_B):
        found = number(dataset, keyword)
        if found is not None:
            # GE adds a thousand million to say that the image belongs to a series of several.
            return found % 100_000 if keyword == _GE_B else found
    return None
