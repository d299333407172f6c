"""What a path holds that could be a study: files told by their names, or DICOM series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never
from napari_acs.imaging.candidate import Candidate, MaskFile
from napari_acs.imaging.dicom.preamble import is_dicom_path
from napari_acs.imaging.find import find_sequences, masks_in
from napari_acs.imaging.identify import Clues, from_name, identify
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
    """

    name: str
    candidates: tuple[Candidate, ...]
    proposal: Mapping[str, Candidate]
    masks: tuple[MaskFile, ...] = ()
    dicom: bool = False


@contextmanager
def opened(path: Path, *, cancelled: Callable[[], bool] = never) -> Iterator[Contents]:
    """Give a path's contents; read every candidate before the block ends.

    Parameters
    ----------
    path : Path
        A folder of sequences told by their names, one such file, or DICOM: a folder (its
        subfolders are searched), a file, a ``.zip``.
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

        with unpacked(path) as folder:
            yield _dicom_contents(folder, cancelled)
    elif path.is_file():
        one = _file(path)
        key = one.guess.sequence if one.guess else None
        yield Contents(strip_suffix(path.name), (one,), {key: one} if key else {})
    else:
        found = {key: _file(file) for key, file in find_sequences(path).items()}
        masks = tuple(map(MaskFile, masks_in(path)))
        yield Contents(path.resolve().name, tuple(found.values()), found, masks)


def only_series(path: Path) -> Candidate:
    """Return the one image series of a folder or file of DICOM.

    Raises
    ------
    BadInput
        There is none, or there are several.
    """
    from napari_acs.imaging.dicom import find_series  # noqa: PLC0415

    images = [series for series in find_series(path) if series.kind == "image"]
    if len(images) != 1:
        raise BadInput(
            "It is not clear which DICOM series is meant",
            found=", ".join(series.title for series in images) or "no image series",
            expected="one",
            do="Give the folder of that series, or the study's folder alone",
        )
    return _candidate(images[0])


def _file(path: Path) -> Candidate:
    return Candidate(path.name, partial(read_volume, path), guess=from_name(path.name))


def _dicom_contents(folder: Path, cancelled: Callable[[], bool]) -> Contents:
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
    proposals = {
        key: _guessed([pair for pair in pairs if pair[1].study == key], cancelled)
        for key in dict.fromkeys(keys.values())
    }
    guessed = {id(old): new for told in proposals.values() for old, new in told}
    best = max(proposals, key=lambda key: len(_proposal([new for _, new in proposals[key]])))
    listed = tuple(guessed[id(candidate)] for candidate in candidates)
    chosen = _proposal([candidate for candidate in listed if candidate.study == best])
    masks = tuple(MaskFile(s.file, frozenset(s.references)) for s in found.segmentations)
    return Contents(best, listed, chosen, masks, dicom=True)


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
    pairs: list[tuple[Series, Candidate]], cancelled: Callable[[], bool]
) -> list[tuple[Candidate, Candidate]]:
    """Pair each candidate of one study with the same one and its guess."""
    clues = {str(n): Clues(tags=series.tags) for n, (series, _) in enumerate(pairs)}
    good = [n for n in clues if not pairs[int(n)][1].why_not]
    guesses = identify({n: clues[n] for n in good}, statistics=False)
    if len(good) <= _FEW and any(g.confidence < _CLEAR for g in guesses.values()):
        for n in good:
            series, candidate = pairs[int(n)]
            clues[n] = Clues(tags=series.tags, volume=_read_if_possible(candidate, cancelled))
        guesses = identify({n: clues[n] for n in good})
    return [(c, replace(c, guess=guesses.get(str(n)))) for n, (_, c) in enumerate(pairs)]


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
