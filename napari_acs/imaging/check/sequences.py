"""Whether each sequence is what it is called, and whether those that are needed are there."""

from __future__ import annotations

from napari_acs.imaging.check.cost import said_of_missing
from napari_acs.imaging.check.line import CheckLine, Status
from napari_acs.imaging.check.subject import Subject, title, titles
from napari_acs.imaging.identify.combine import DOUBTED
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.imaging.identify.statistics import SURE, from_statistics

_HEARD = 0.6
"""From here on a name or a tag counts against what a volume was taken for."""


def sequences(subject: Subject) -> CheckLine:
    """Too few or a required one missing is red; doubts, and one that helps missing, amber."""
    needs = subject.needs
    there = set(subject.volumes)
    wanted = tuple(needs.channels) if needs else ()
    required = [key for key in (needs.required if needs else ()) if key not in there]
    missing = [key for key in wanted if key not in there and key not in required]
    usable = [key for key in wanted if key in there] if wanted else list(there)
    fewest = needs.minimum if needs else 1
    doubts = _doubts(subject)
    blocked = bool(required) or len(usable) < fewest
    found, do = list(doubts), []
    if required:
        found.append(f"{titles(required)} missing, without which the model cannot work")
        do.append(f"Add {titles(required)}")
    elif blocked:
        some = f" of {titles(wanted)}" if wanted else ""
        found.append(f"{len(usable)} sequence(s), at least {fewest}{some} needed")
        do.append("Add a sequence")
    if missing and blocked:
        found.append(f"{titles(missing)} missing")
    elif missing and needs:
        found.append(said_of_missing(needs, there))
        do.append("The model works without, but less surely")
    if doubts:
        do.insert(0, "Look at the images and say which is which")
    status: Status = "red" if blocked else "amber" if found else "green"
    name = (
        "A needed sequence is missing"
        if blocked
        else "A sequence may not be what it is called"
        if doubts
        else "A sequence is missing"
        if missing
        else "Sequences look like what they are called"
    )
    return CheckLine(
        "sequences",
        status,
        name,
        "; ".join(found),
        ". ".join(do),
        "choose" if doubts or blocked else "",
    )


def _doubts(subject: Subject) -> list[str]:
    guesses = subject.guesses
    if guesses is None:
        guesses = from_statistics(subject.volumes, seen=subject.seen)
    return [
        f"{title(key)}: {guess.reason}"
        for key, guess in guesses.items()
        if key in subject.volumes and _contradicts(key, guess)
    ]


def _contradicts(key: str, guess: SequenceGuess) -> bool:
    if guess.evidence == "statistics":
        return guess.sequence not in {None, key} and guess.confidence >= SURE
    if guess.sequence == key:
        return guess.confidence <= DOUBTED  # the image looks like something else
    if guess.sequence is None:  # another kind of image, or another volume is surer
        return guess.confidence > 0
    return guess.confidence >= _HEARD
