"""What a path holds that could be a study: files told by their names, or DICOM series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never
from napari_acs.imaging.candidate import Candidate, MaskFile
from napari_acs.imaging.dicom.preamble import is_dicom_path
from napari_acs.imaging.find import find_sequences, masks_in, nameless_images
from napari_acs.imaging.identify import Classifier, Clues, from_name, identify
from napari_acs.imaging.names import SEQUENCES, TITLES, strip_suffix
from napari_acs.imaging.read import read_volume

if TYPE_CHECKING:
    from napari_acs.imaging.dicom import Series
    from napari_acs.imaging.volume import Volume

_SURE = 0.5
"""A guess below this is shown, but not proposed."""
_CLEAR = 0.8
_FEW = 12
"""Of at most so many series the voxels are looked at where their headers say too little."""


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

        with unpacked(path, cancelled=cancelled) as folder:
            yield _dicom_contents(folder, classifier, cancelled)
    elif path.is_file():
        one = _file(path)
        key = one.guess.sequence if one.guess else None
        yield Contents(strip_suffix(path.name), (one,), {key: one} if key else {})
    else:
        yield _folder_contents(path, classifier, cancelled)


def only_series(path: Path, *, cancelled: Callable[[], bool] = never) -> Candidate:
    """Return the one image series of a folder of DICOM, or the series that a file belongs to.

    Raises
    ------
    BadInput
        There is none, or there are several.
    """
    from napari_acs.imaging.dicom import find_series  # noqa: PLC0415
    from napari_acs.imaging.dicom.header import read_header  # noqa: PLC0415
    from napari_acs.imaging.pseudonym import study_key  # noqa: PLC0415

    found = find_series(path, cancelled=cancelled)
    header = read_header(path) if path.is_file() else None
    if header is not None:
        images = [series for series in found if series.uid == header.series_uid]
    else:
        images = [series for series in found if series.kind == "image"]
    if len(images) != 1:
        raise BadInput(
            "It is not clear which DICOM series is meant",
            found=", ".join(series.title for series in images) or "no image series",
            expected="one",
            do="Give the folder of that series, or the study's folder alone",
        )
    return replace(_candidate(images[0]), study=study_key(images[0].study_uid))


def mask_file(path: Path) -> MaskFile | None:
    """Return what a file says of itself where it is a DICOM SEG or RTSTRUCT; else None."""
    from napari_acs.imaging.dicom.header import SEGMENTATIONS, read_header  # noqa: PLC0415
    from napari_acs.imaging.pseudonym import study_key  # noqa: PLC0415

    try:
        header = read_header(path)
    except OSError:
        return None
    if header is None or header.sop_class not in SEGMENTATIONS:
        return None
    return MaskFile(path, frozenset(header.references), study_key(header.study_uid))


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
    if len(nameless) <= _FEW:
        seen = _looked_at(list(map(_file, nameless)), classifier, cancelled)
    found = _proposal(list(seen))
    if not found:  # as a rule they have names; else it says so
        found = {key: _file(file) for key, file in find_sequences(path).items()}
        seen = tuple(found.values())
    return Contents(path.resolve().name, seen, found, tuple(map(MaskFile, masks_in(path))))


def _looked_at(
    candidates: list[Candidate], classifier: Classifier | None, cancelled: Callable[[], bool]
) -> tuple[Candidate, ...]:
    """Return the candidates with a guess each, by their voxels."""
    named = dict(zip(_names(candidates), candidates, strict=True))
    read = {name: _read_if_possible(candidate, cancelled) for name, candidate in named.items()}
    clues = {name: Clues(volume=volume) for name, volume in read.items() if volume is not None}
    guesses = identify(clues, classifier=classifier)
    return tuple(replace(c, guess=guesses.get(name)) for name, c in named.items())


def _dicom_contents(
    folder: Path, classifier: Classifier | None, cancelled: Callable[[], bool]
) -> Contents:
    from napari_acs.imaging.dicom import scan  # noqa: PLC0415
    from napari_acs.imaging.pseudonym import study_key  # noqa: PLC0415

    found = scan(folder, cancelled=cancelled)
    if not found.series:
        raise BadInput(
            "No DICOM image was found",
            found=f"{len(found.segmentations)} segmentation(s), {found.others} other DICOM file(s)",
            expected="the images of an MRI study",
            do="Choose the folder that holds the series",
        )
    keys = {series.study_uid: study_key(series.study_uid) for series in found.series}
    candidates = [replace(_candidate(s), study=keys[s.study_uid]) for s in found.series]
    pairs = list(zip(found.series, candidates, strict=True))
    few = sum(not candidate.why_not for candidate in candidates) <= _FEW
    proposals = {
        key: _guessed([pair for pair in pairs if pair[1].study == key], few, classifier, cancelled)
        for key in dict.fromkeys(keys.values())
    }
    guessed = {id(old): new for told in proposals.values() for old, new in told}
    best = max(proposals, key=lambda key: len(_proposal([new for _, new in proposals[key]])))
    listed = tuple(guessed[id(candidate)] for candidate in candidates)
    chosen = _proposal([candidate for candidate in listed if candidate.study == best])
    masks = tuple(
        MaskFile(s.file, frozenset(s.references), study_key(s.study_uid))
        for s in found.segmentations
    )
    images = Counter(keys[s.study_uid] for s in found.series if s.kind == "image")
    studies = dict(images or Counter(keys.values()))
    return Contents(best, listed, chosen, masks, dicom=True, studies=studies)


def _candidate(series: Series) -> Candidate:
    from napari_acs.imaging.dicom import read_series  # noqa: PLC0415

    number, called = series.tags.series_number, series.description or "no description"
    title = called if number is None else f"{number}: {called}"
    size = f"{series.slices} slices"
    if series.spacing is not None:
        size += f", {' x '.join(f'{mm:.3g}' for mm in series.spacing)} mm"
    why = series.problem or series.why
    return Candidate(
        f"{title} ({series.part})" if series.part else title,
        partial(read_series, series),
        detail=size,
        date=series.date,
        why_not=why,
        uid=series.uid,
    )


def _guessed(
    pairs: list[tuple[Series, Candidate]],
    look: bool,
    classifier: Classifier | None,
    cancelled: Callable[[], bool],
) -> list[tuple[Candidate, Candidate]]:
    """Pair each candidate of one study with the same one and its guess.

    Where the headers say too little, and ``look`` allows it, the voxels are read.
    """
    named = dict(zip(_names([c for _, c in pairs]), pairs, strict=True))
    good = {name: pair for name, pair in named.items() if not pair[1].why_not}
    clues = {name: Clues(tags=series.tags) for name, (series, _) in good.items()}
    guesses = identify(clues, statistics=False)
    if look and any(guess.confidence < _CLEAR for guess in guesses.values()):
        for name, (_, candidate) in good.items():
            volume = _read_if_possible(candidate, cancelled)
            clues[name] = replace(clues[name], volume=volume)
        guesses = identify(clues, classifier=classifier)
    return [(c, replace(c, guess=guesses.get(name))) for name, (_, c) in named.items()]


def _names(candidates: list[Candidate]) -> list[str]:
    """Return the titles, each made unlike the others: reasons of guesses name them."""
    names: list[str] = []
    for candidate in candidates:
        name, again = candidate.title, 1
        while name in names:
            again += 1
            name = f"{candidate.title} [{again}]"
        names.append(name)
    return names


def _read_if_possible(candidate: Candidate, cancelled: Callable[[], bool]) -> Volume | None:
    from napari_acs.imaging.cancel import stop_if  # noqa: PLC0415

    stop_if(cancelled)
    try:
        return candidate.read()
    except BadInput:
        return None  # said again when it is chosen


def _proposal(candidates: list[Candidate]) -> dict[str, Candidate]:
    proposal: dict[str, Candidate] = {}
    for candidate in candidates:
        guess = candidate.guess
        if guess is None or guess.sequence is None or candidate.why_not:
            continue
        if guess.confidence >= _SURE:
            proposal.setdefault(guess.sequence, candidate)
    return {key: proposal[key] for key in SEQUENCES if key in proposal}


def nothing_proposed(contents: Contents) -> BadInput:
    """Return the refusal of a study none of whose images is known to be a sequence."""
    listed = "; ".join(
        f"{candidate.title}{f' ({candidate.why_not})' if candidate.why_not else ''}"
        for candidate in contents.candidates[:6]
    )
    return BadInput(
        f"Nothing in {contents.name} is known to be {', '.join(TITLES.values())}",
        found=listed,
        expected="at least one sequence that its name, its header or its image tells",
        do="Say which image is which sequence",
    )
