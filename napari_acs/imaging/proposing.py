"""Which image is proposed as which sequence, once something has been said of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import stop_if
from napari_acs.imaging.candidate import Candidate
from napari_acs.imaging.identify import Clues, identify
from napari_acs.imaging.names import SEQUENCES, TITLES

if TYPE_CHECKING:
    from napari_acs.imaging.volume import Volume

_SURE = 0.5
"""A guess below this is shown, but not proposed."""

FEW = 12
"""Of at most so many images the voxels are looked at where names and headers say too little."""


def proposed(candidates: list[Candidate]) -> dict[str, Candidate]:
    """Return the first sure candidate of every sequence, in the order of `SEQUENCES`."""
    proposal: dict[str, Candidate] = {}
    for candidate in candidates:
        guess = candidate.guess
        if guess is None or guess.sequence is None or candidate.why_not:
            continue
        if guess.confidence >= _SURE:
            proposal.setdefault(guess.sequence, candidate)
    return {key: proposal[key] for key in SEQUENCES if key in proposal}


def surely_said(clues: Mapping[str, Clues]) -> dict[str, str]:
    """Return the sequence of each of some images whose headers say it surely."""
    guesses = identify(clues, statistics=False)
    return {
        name: guess.sequence
        for name, guess in guesses.items()
        if guess.sequence and guess.confidence >= _SURE
    }


def nothing_proposed(name: str, candidates: Iterable[Candidate]) -> BadInput:
    """Return the refusal of a study none of whose images is known to be a sequence."""
    listed = "; ".join(
        f"{candidate.title}{f' ({candidate.why_not})' if candidate.why_not else ''}"
        for candidate in tuple(candidates)[:6]
    )
    return BadInput(
        f"Nothing in {name} is known to be {', '.join(TITLES.values())}",
        found=listed,
        expected="at least one sequence that its name, its header or its image tells",
        do="Say which image is which sequence",
    )


def distinct_titles(candidates: list[Candidate]) -> list[str]:
    """Return the titles, each made unlike the others: reasons of guesses name them."""
    names: list[str] = []
    for candidate in candidates:
        name, again = candidate.title, 1
        while name in names:
            again += 1
            name = f"{candidate.title} [{again}]"
        names.append(name)
    return names


def read_if_possible(candidate: Candidate, cancelled: Callable[[], bool]) -> Volume | None:
    """Read a candidate; None where that is refused."""
    stop_if(cancelled)
    try:
        return candidate.read()
    except BadInput:
        return None  # said again when it is chosen
