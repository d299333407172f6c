"""Group headers into series, split those into volumes, and say what each is good for.

GDCM's own grouping is not used: it splits a series wherever certain tags differ (which tears
apart volumes whose slices differ in them), keeps echoes together, and reads the files again.
Here SeriesInstanceUID groups, and only slices at one place are split, by what tells them apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.copies import mark_copies
from napari_acs.imaging.dicom.frame import Frame
from napari_acs.imaging.dicom.header import Header
from napari_acs.imaging.dicom.kind import kind_of
from napari_acs.imaging.dicom.origin import AcquisitionTags
from napari_acs.imaging.dicom.pixels import check_pixels
from napari_acs.imaging.dicom.series import Series
from napari_acs.imaging.dicom.split import split
from napari_acs.imaging.dicom.stack import stack


def group(headers: Iterable[Header]) -> tuple[Series, ...]:
    """Make series of the headers of images.

    Returns
    -------
    tuple of Series
        By study, series number, UID and part. Files that are copies of others make series of
        kind ``"duplicate"``.
    """
    by_uid: dict[tuple[str, str], list[Header]] = defaultdict(list)
    for header in headers:
        # Without a UID, a folder and a description are the best guess at a series.
        uid = header.series_uid or f"{header.file.parent} {header.tags.description}"
        by_uid[header.study_uid, uid].append(header)
    found: list[tuple[Series, str]] = []
    for same in by_uid.values():
        same.sort(key=lambda header: str(header.file))
        first, copies = _without_copies(same)
        found += [(series, first[0].time) for series in _volumes(first)]
        if copies:
            why = "The same images lie in another file or folder as well."
            found += [
                (replace(series, kind="duplicate", why=why), "") for series in _volumes(copies)
            ]
    return tuple(sorted(mark_copies(found), key=_rank))


def _rank(series: Series) -> tuple[object, ...]:
    number = series.tags.series_number
    return series.study_uid, number is None, number or 0, series.uid, series.kind == "duplicate"


def _without_copies(headers: Sequence[Header]) -> tuple[list[Header], list[Header]]:
    """Part files whose image was met before (same UID and place) from the others."""
    first: dict[tuple[object, ...], Header] = {}
    copies = []
    for header in headers:
        # Some anonymisers write one SOPInstanceUID everywhere: the place has to be the same too.
        frames = header.frames
        places = tuple((f.position, f.instance, tuple(f.split.values())) for f in frames)
        key = (header.uid, places) if header.uid else (header.file,)
        if key in first:
            copies.append(header)
        else:
            first[key] = header
    return list(first.values()), copies


def _volumes(headers: Sequence[Header]) -> list[Series]:
    frames = [frame for header in headers for frame in header.frames]
    whole = _series(headers, frames, "", headers[0].tags)
    kind, why = kind_of(whole.tags, frames)
    whole = replace(whole, kind=kind, why=why)
    try:
        _check_files(whole.title, headers)
        parts = split(whole.title, frames)
    except BadInput as error:
        return [whole.refuse(error)]
    tags_of = {header.file: header.tags for header in headers}
    found = []
    for part, slices in parts:
        tags = _tags(tags_of, slices[0])
        kind, why = kind_of(tags, slices, len(parts))
        one = replace(whole, part=part, frames=slices, kind=kind, why=why, tags=tags)
        found.append(_placed(one))
    return found


def _placed(series: Series) -> Series:
    try:
        placed = stack(series.title, series.frames)
    except BadInput as error:
        return replace(series, size=(*series.size[:2], series.slices)).refuse(error)
    return replace(series, frames=placed.frames, size=placed.grid.size, spacing=placed.grid.spacing)


def _tags(of: dict[Path, AcquisitionTags], frame: Frame) -> AcquisitionTags:
    """Return the tags of a volume: those of its file, with what its first frame says."""
    tags = of[frame.file]
    echo, inversion = frame.split.get("echo time"), frame.split.get("inversion time")
    return replace(
        tags,
        echo_time_ms=echo if isinstance(echo, float) else tags.echo_time_ms,
        inversion_time_ms=inversion if isinstance(inversion, float) else tags.inversion_time_ms,
    )


def _series(
    headers: Sequence[Header], frames: Sequence[Frame], part: str, tags: AcquisitionTags
) -> Series:
    pixels = frames[0].pixels
    return Series(
        uid=headers[0].series_uid,
        study_uid=headers[0].study_uid,
        part=part,
        tags=tags,
        date=headers[0].date,
        size=(max(0, pixels.columns or 0), max(0, pixels.rows or 0), len(frames)),
        spacing=None,
        kind="image",
        why="",
        refused=None,
        frames=tuple(frames),
    )


def _check_files(title: str, headers: Sequence[Header]) -> None:
    if any(header.mosaic for header in headers):
        raise BadInput(
            f"{title} is a mosaic",
            found="many slices tiled in one picture",
            expected="one slice in each image",
            do="Convert it first, with dcm2niix for example",
        )
    for header in headers:
        check_pixels(title, header.frames[0].pixels, len(header.frames), header.bytes)
