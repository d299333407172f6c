"""Open a study: find its sequences, read them, and bring them to one grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from os import PathLike, fspath
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.brain import shows_skull
from napari_acs.imaging.cancel import ignore, never
from napari_acs.imaging.candidate import Candidate
from napari_acs.imaging.contents import opened, require_one_study
from napari_acs.imaging.dicom.preamble import is_dicom_path
from napari_acs.imaging.find import add_sequence, sure_sequence
from napari_acs.imaging.identify.combine import Classifier
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.imaging.names import SEQUENCES, TITLES, strip_suffix
from napari_acs.imaging.proposing import nothing_proposed
from napari_acs.imaging.read import StrPath, read_volume
from napari_acs.imaging.registration.align import Aligned, align
from napari_acs.imaging.study import Study
from napari_acs.imaging.volume import Volume

Readable = StrPath | Iterable[StrPath] | Mapping[str, StrPath]
"""A study's folder or ``.zip``, its files, or a mapping of sequence to file or series folder."""
Refused = Callable[[str, str, BadInput], None]
FoundAs = Callable[[str, str, SequenceGuess | None], None]
LeftOut = Callable[[str, str], object]


def read_study(
    path_or_paths: Readable,
    name: str | None = None,
    *,
    reference: str | None = None,
    classifier: Classifier | None = None,
    cancelled: Callable[[], bool] = never,
) -> Study:
    """Open a study: a folder, a ``.zip`` of DICOM, files, or a mapping of sequence to file.

    Sequences as the scanner gave them (on several grids, or with the skull) are registered to
    one of them, rigidly, and resampled to its grid where they do not fit already; each volume's
    ``history`` says how that went.

    Parameters
    ----------
    path_or_paths : path, iterable of path, or mapping of str to path
        Sequences of a folder and of plain files are told by their names (`guess_sequence`),
        DICOM series by their headers and, where these say too little, by their images; a
        mapping has keys among ``t1``, ``t1ce``, ``t2``, ``flair``.
    name : str, optional
        By default the folder's name, or the file's; a pseudonym for DICOM.
    reference : str, optional
        The sequence whose grid the study gets; by default see `choose_reference`.
    classifier : callable, optional
        Tells the sequences of images whose names and headers say too little, such as
        ``napari_acs.inference.sequence_classifier.sequence_classifier()``.
    cancelled : callable
        Asked often; True raises ``Cancelled``.

    Raises
    ------
    BadInput
        No sequence found, two files for one sequence, a file that `read_volume` refuses, a
        registration that failed, or volumes that make no `Study`.
    """
    name, volumes = read_volumes(path_or_paths, name, classifier=classifier, cancelled=cancelled)
    return to_study(name, volumes, reference=reference, cancelled=cancelled)


def to_study(
    name: str,
    volumes: Mapping[str, Volume],
    *,
    reference: str | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[float], None] = ignore,
) -> Study:
    """Bring volumes to one grid and make a study of them; see `read_study`.

    Brains without skull that share a grid have been prepared by somebody, as BraTS distributes
    them, and are taken as they are. Heads are as the scanner gave them, and a patient moves
    between two sequences of one grid as well: they are registered.
    """
    if reference is not None and reference not in volumes:
        raise BadInput(
            f"study {name} has no {TITLES.get(reference, reference)} to give the grid",
            found=", ".join(TITLES.get(key, key) for key in volumes),
            do="Name one of these as the reference",
        )
    if _prepared(volumes):
        return Study(name, volumes, reference or "")
    aligned = align(volumes, reference, cancelled=cancelled, progress=progress)
    _refuse_failed(name, aligned)
    return Study(name, aligned.volumes, aligned.reference)


def read_volumes(
    path_or_paths: Readable,
    name: str | None = None,
    *,
    refused: Refused | None = None,
    found_as: FoundAs | None = None,
    left_out: LeftOut | None = None,
    classifier: Classifier | None = None,
    cancelled: Callable[[], bool] = never,
) -> tuple[str, dict[str, Volume]]:
    """Read a study's volumes as they are: on whatever grids, not yet a `Study`.

    Parameters
    ----------
    path_or_paths, name, classifier, cancelled
        As for `read_study`.
    refused : callable, optional
        Called with sequence, title and reason for each image that cannot be read, which is
        then left out; without it the first refusal is raised.
    found_as : callable, optional
        Called with sequence, title and guess of each image that is taken; the guess is None where
        the caller or the file's name said which it is.
    left_out : callable, optional
        Called with sequence and reason for each series that its header calls one of the four, and
        that cannot be read, where no other is taken for it.

    Returns
    -------
    name : str
        Of the study.
    volumes : dict of str to Volume
        By sequence, in the order of `SEQUENCES`.

    Raises
    ------
    BadInput
        No sequence found, two files for one sequence, or a refusal.
    """
    with found_sequences(
        path_or_paths, name, left_out=left_out, classifier=classifier, cancelled=cancelled
    ) as (known, found):
        volumes = {}
        for key in (key for key in SEQUENCES if key in found):
            if found_as is not None:
                found_as(key, found[key].title, found[key].guess)
            try:
                volumes[key] = found[key].read()
            except BadInput as refusal:
                if refused is None:
                    raise
                refused(key, found[key].title, refusal)
    return known, volumes


@contextmanager
def found_sequences(
    path_or_paths: Readable,
    name: str | None = None,
    *,
    left_out: LeftOut | None = None,
    classifier: Classifier | None = None,
    cancelled: Callable[[], bool] = never,
) -> Iterator[tuple[str, Mapping[str, Candidate]]]:
    """Give a study's name and its sequences, still unread; read them before the block ends."""
    if isinstance(path_or_paths, Mapping):
        paths = {key: Path(fspath(path)) for key, path in path_or_paths.items()}
        unknown = next((key for key in paths if key not in SEQUENCES), None)
        if unknown is not None:
            raise BadInput(f"no sequence is called {unknown!r}", expected=", ".join(SEQUENCES))
    elif isinstance(path_or_paths, str | PathLike):
        path = Path(fspath(path_or_paths))
        if not path.is_file() or is_dicom_path(path):
            with opened(path, classifier=classifier, cancelled=cancelled) as contents:
                require_one_study(contents)
                if not contents.proposal:
                    raise nothing_proposed(contents.name, contents.candidates)
                if left_out is not None:
                    for key, why in contents.lost.items():
                        left_out(key, why)
                yield name or contents.name, contents.proposal
            return
        paths = {sure_sequence(path): path}
        name = name or strip_suffix(path.name)
    else:
        paths = {}
        for path in (Path(fspath(p)) for p in path_or_paths):
            add_sequence(paths, sure_sequence(path), path)
    with ExitStack() as until_read:
        found = {key: _one(path, until_read, cancelled) for key, path in paths.items()}
        keys = sorted({candidate.study for candidate in found.values() if candidate.study})
        if len(keys) > 1:
            raise BadInput(
                "The sequences are of different DICOM studies",
                found=", ".join(
                    f"{TITLES[key]} of {one.study}" for key, one in found.items() if one.study
                ),
                expected="the images of one patient at one time",
                do="Give the series of one study",
            )
        yield name or next(iter(keys), _folder_of(paths)), found


def _one(path: Path, until_read: ExitStack, cancelled: Callable[[], bool]) -> Candidate:
    if path.is_dir() or is_dicom_path(path):
        from napari_acs.imaging.dicom import unpacked  # noqa: PLC0415 (loads pydicom)

        folder = until_read.enter_context(unpacked(path, cancelled=cancelled))
        from napari_acs.imaging.dicom_contents import only_series  # noqa: PLC0415 (pydicom)

        return only_series(folder, cancelled=cancelled)
    return Candidate(path.name, lambda: read_volume(path))


def _folder_of(paths: Mapping[str, Path]) -> str:
    return next((path.resolve().parent.name for path in paths.values()), "study")


def _prepared(volumes: Mapping[str, Volume]) -> bool:
    if not volumes:
        return True  # which `Study` refuses
    first, *others = volumes.values()
    if not all(first.grid.difference(other.grid) is None for other in others):
        return False
    return not others or not any(map(shows_skull, volumes.values()))


def _refuse_failed(name: str, aligned: Aligned) -> None:
    for key, found in aligned.alignments.items():
        if found.verdict == "failed":
            raise BadInput(
                f"{TITLES[key]} of {name} could not be registered to {TITLES[aligned.reference]}",
                found=found.why,
                expected="two sequences of one head",
                do=f"Leave {TITLES[key]} out, choose another reference, or register it by hand",
            )
