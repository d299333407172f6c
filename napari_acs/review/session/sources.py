"""Which studies a session can be made of: folders, a BIDS tree, a CSV, DICOM."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.bids import BidsStudy, find_bids, is_bids, label_names
from napari_acs.imaging.bids_dates import scan_time
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.imaging.dicom.preamble import is_dicom_path
from napari_acs.imaging.find import find_sequences, masks_in, nameless_images
from napari_acs.imaging.labels.tissues import values_inside
from napari_acs.imaging.names import is_image_name, strip_suffix
from napari_acs.review.session.source_table import read_lines


@dataclass(frozen=True)
class Source:
    """A study before it has a pseudonym.

    Attributes
    ----------
    path : Path
        What `napari_acs.imaging.read_study` takes.
    name : str
        As the user's files call it.
    files : tuple of Path
        All that it is read from.
    sequences : mapping of str to Path
        By sequence, where it is not simply what `path` holds.
    mask : Path or None
        Made elsewhere.
    patient : str
        As the user or DICOM calls them; empty where nobody said.
    uid : str
        StudyInstanceUID of DICOM, or nothing.
    labels : mapping of int to int, or None
        See `napari_acs.review.session.state.Case`.
    uncertainty : float or None
        As the user's table says; see there, too.
    date : str
        Of the exam, as its files or the table say; it goes into no session, see `dates`.
    """

    path: Path = field(repr=False)
    name: str = field(repr=False)
    files: tuple[Path, ...] = field(repr=False)
    sequences: Mapping[str, Path] = field(default_factory=dict, repr=False)
    mask: Path | None = field(default=None, repr=False)
    patient: str = field(default="", repr=False)
    uid: str = field(default="", repr=False)
    labels: Mapping[int, int] | None = field(default_factory=dict)
    uncertainty: float | None = None
    date: str = field(default="", repr=False)


def find_sources(places: Iterable[Path], *, cancelled: Callable[[], bool] = never) -> list[Source]:
    """Return the studies of every place, in the order of the places and of names.

    Parameters
    ----------
    places : iterable of Path
        Each a CSV (columns ``study``, and where there are any ``mask``, ``patient``, ``date`` and
        ``uncertainty``; paths relative to it), a BIDS tree, DICOM (a folder with any number of
        studies, a ``.zip`` of one), the folder of one study, or a folder of such folders. A file
        named as a mask beside the images of a study is its mask.
    cancelled : callable

    Raises
    ------
    BadInput
        A place that is none of these, or holds no study; a folder beside the studies whose images
        lie deeper; a study that comes twice with one mask.
    Cancelled
    """
    found: list[Source] = []
    for place in places:
        if not place.exists():
            raise BadInput(f"{place}", found="no such file or folder", do="Check the path")
        try:
            found += _in_place(place.absolute(), cancelled)
        except OSError as error:
            raise BadInput(f"{place} cannot be read", found=error.strerror or str(error)) from error
    if not found:
        raise BadInput("There is no study to review", do="Name folders, a CSV or DICOM")
    _refuse_twice(found)
    return found


def _refuse_twice(found: Iterable[Source]) -> None:
    """Refuse one study with one mask that is there twice: it would count twice in every figure."""
    seen: set[tuple[object, ...]] = set()
    for source in found:
        files = (source.path, *source.files, *([source.mask] if source.mask else ()))
        same = (source.uid, *map(os.path.realpath, files))
        if same in seen:
            raise BadInput(
                f"Study {source.name} is named twice",
                found=str(source.path),
                do="Name it once; --repeats has cases read twice, unannounced",
            )
        seen.add(same)


def _in_place(place: Path, cancelled: Callable[[], bool]) -> list[Source]:
    if place.is_file() and place.suffix.lower() == ".csv":
        return _table(place, cancelled)
    if place.is_dir() and is_bids(place):
        return [
            Source(
                place,
                study.name,
                tuple(study.sequences.values()),
                study.sequences,
                study.mask.path if study.mask else None,
                study.subject,
                labels=_labels(study, place),
                date=scan_time(study, place),
            )
            for study in find_bids(place)
            if study.sequences
        ]
    if place.is_file() or is_dicom_path(place) or _has_images(place):
        return _studies(place, cancelled)
    folders = sorted(
        path for path in place.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    found = []
    for folder in folders:
        stop_if(cancelled)
        if _has_images(folder) or is_dicom_path(folder):
            found += _studies(folder, cancelled)
        else:
            _refuse_deeper(folder)
    if not found:
        raise BadInput(
            f"{place} holds no studies",
            found=f"{len(folders)} folder(s), none with images" if folders else "no folder",
            expected="a folder for each study, a BIDS tree, a CSV or DICOM",
        )
    return found


def _refuse_deeper(folder: Path) -> None:
    """Refuse a folder whose images lie deeper: it would be missing from the list in silence."""
    deep = next((f for f in folder.rglob("*") if is_image_name(f.name) and f.is_file()), None)
    if deep is not None:
        raise BadInput(
            f"{folder} is taken for no study",
            found=f"images deeper in it: {deep.relative_to(folder).as_posix()}",
            expected="images or DICOM in the folder itself",
            do="Name the folders that hold them, or all studies in a CSV",
        )


def _labels(study: BidsStudy, root: Path) -> dict[int, int] | None:
    named = label_names(study.mask, root) if study.mask else None
    return {} if named is None else values_inside(named.names)


def _studies(
    place: Path, cancelled: Callable[[], bool], *, mask_is_named: bool = False
) -> list[Source]:
    """Return the one study of a folder or file, or each of those that DICOM holds.

    A folder may hold masks of several people where a table names the one that is meant.
    """
    if place.is_dir() and is_dicom_path(place):
        from napari_acs.review.session.dicom_sources import dicom_sources  # noqa: PLC0415 (pydicom)

        return dicom_sources(place, cancelled, mask_is_named=mask_is_named)
    if place.is_file():
        if place.suffix.lower() != ".zip" and not is_image_name(place.name):
            raise BadInput(f"{place.name} is no study", expected="images, DICOM or a CSV")
        return [Source(place, strip_suffix(place.name), (place,))]
    masks = [mask for mask in masks_in(place) if "brain" not in mask.name.lower()]
    if len(masks) > 1 and not mask_is_named:
        raise BadInput(
            f"{place} holds several masks",
            found=", ".join(mask.name for mask in masks[:4]),
            expected="one",
            do="Name study and mask in a CSV, - for no mask",
        )
    nameless = nameless_images(place)
    files = nameless or list(find_sequences(place).values())
    return [Source(place, place.name, tuple(files), mask=masks[0] if masks else None)]


def _has_images(folder: Path) -> bool:
    return any(file.is_file() and is_image_name(file.name) for file in folder.iterdir())


def _table(table: Path, cancelled: Callable[[], bool]) -> list[Source]:
    found = []
    for line in read_lines(table):
        stop_if(cancelled)
        named = line.mask is not None or line.without_mask
        studies = _studies(line.study, cancelled, mask_is_named=named)
        if len(studies) != 1:
            raise BadInput(f"{line.where} names {len(studies)} studies", expected="one")
        study = studies[0]
        found.append(
            replace(
                study,
                mask=None if line.without_mask else line.mask or study.mask,
                patient=line.patient or study.patient,
                uncertainty=line.uncertainty,
                date=line.date or study.date,
            )
        )
    return found
