"""What a path holds that could be a study: files told by their names, or DICOM series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never
from napari_acs.imaging.candidate import Candidate, MaskFile
from napari_acs.imaging.dicom.preamble import is_dicom_path
from napari_acs.imaging.find import find_sequences, masks_in, nameless_images
from napari_acs.imaging.identify import Classifier, Clues, from_name, identify
from napari_acs.imaging.names import strip_suffix
from napari_acs.imaging.proposing import FEW, distinct_titles, proposed, read_if_possible
from napari_acs.imaging.read import read_volume


@dataclass(frozen=True, eq=False)
class Contents:
    """The images of a study, before anybody has said which of them are its sequences.

    Attributes
    ----------
    name : str
        Of the study: the folder's, or a pseudonym where the images are DICOM.
    candidates : tuple of Candidate
    proposal : mapping of str to Candidate
        Which candidate seems to be which sequence.
    masks : tuple of MaskFile
    dicom : bool
        Whether the candidates are DICOM series.
    studies : mapping of str to int
        Of DICOM: how many image series each study has, by its pseudonym. The proposal is of one.
    """

    name: str
    candidates: tuple[Candidate, ...]
    proposal: Mapping[str, Candidate]
    masks: tuple[MaskFile, ...] = ()
    dicom: bool = False
    studies: Mapping[str, int] = field(default_factory=dict)

    @property
    def lost(self) -> dict[str, str]:
        """Why it cannot be read, by each sequence that a header says and that is not proposed."""
        return {
            each.would_be: each.why_not
            for each in self.candidates
            if each.would_be and each.would_be not in self.proposal and each.study == self.name
        }


@contextmanager
def opened(
    path: Path,
    *,
    classifier: Classifier | None = None,
    cancelled: Callable[[], bool] = never,
) -> Iterator[Contents]:
    """Give a path's contents; read every candidate before the block ends.

    Parameters
    ----------
    path : Path
        A folder of sequences told by their names, one such file, or DICOM: a folder (its
        subfolders are searched), a file, a ``.zip``.
    classifier : callable, optional
        Looks at images whose names and headers say too little; with it, a folder none of whose
        files is named by its sequence is looked at, too.
    cancelled : callable
        Asked between files.

    Raises
    ------
    BadInput
        There is no image, or a file or an archive cannot be read.
    Cancelled
        ``cancelled`` said so.
    """
    if is_dicom_path(path):
        from napari_acs.imaging.dicom import unpacked  # noqa: PLC0415 (loads pydicom)
        from napari_acs.imaging.dicom_contents import dicom_contents  # noqa: PLC0415

        with unpacked(path, cancelled=cancelled) as folder:
            yield dicom_contents(folder, classifier, cancelled)
    elif path.is_file():
        one = _file(path)
        key = one.guess.sequence if one.guess else None
        yield Contents(strip_suffix(path.name), (one,), {key: one} if key else {})
    else:
        yield _folder_contents(path, classifier, cancelled)


def require_one_study(contents: Contents) -> None:
    """Refuse DICOM of several studies, where nobody can be asked which is meant.

    Raises
    ------
    BadInput
        There are several.
    """
    if len(contents.studies) > 1:
        counts = (f"{key} ({n} image series)" for key, n in contents.studies.items())
        raise BadInput(
            "There are several DICOM studies, and it is not clear which is meant",
            found=", ".join(counts),
            expected="the images of one patient at one time",
            do="Give the folder of one study, or open them in the Segment panel, which lists all",
        )


def _file(path: Path) -> Candidate:
    return Candidate(path.name, partial(read_volume, path), guess=from_name(path.name))


def _folder_contents(
    path: Path, classifier: Classifier | None, cancelled: Callable[[], bool]
) -> Contents:
    nameless = nameless_images(path) if classifier is not None else []
    seen: tuple[Candidate, ...] = ()
    if len(nameless) <= FEW:
        seen = _looked_at(list(map(_file, nameless)), classifier, cancelled)
    found = proposed(list(seen))
    if not found:  # as a rule they have names; else it says so
        found = {key: _file(file) for key, file in find_sequences(path).items()}
        seen = tuple(found.values())
    return Contents(path.resolve().name, seen, found, tuple(map(MaskFile, masks_in(path))))


def _looked_at(
    candidates: list[Candidate], classifier: Classifier | None, cancelled: Callable[[], bool]
) -> tuple[Candidate, ...]:
    """Return the candidates with a guess each, by their voxels."""
    named = dict(zip(distinct_titles(candidates), candidates, strict=True))
    read = {name: read_if_possible(candidate, cancelled) for name, candidate in named.items()}
    clues = {name: Clues(volume=volume) for name, volume in read.items() if volume is not None}
    guesses = identify(clues, classifier=classifier)
    return tuple(replace(c, guess=guesses.get(name)) for name, c in named.items())
