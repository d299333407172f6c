"""All evidence together: which sequence each volume of a study is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from napari_acs.imaging.coarse import Coarse
from napari_acs.imaging.identify.clues import Clues
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.imaging.identify.name import from_name
from napari_acs.imaging.identify.statistics import SURE, from_statistics
from napari_acs.imaging.identify.tags import from_tags
from napari_acs.imaging.names import TITLES
from napari_acs.imaging.volume import Volume

Classifier = Callable[[Volume], SequenceGuess | None]
"""The place of a learnt classifier: it looks at one volume, and says None where it cannot tell.
Its confidence must be calibrated; where it is above that of the statistics, it speaks for the
image instead of them, and where it knows none of the four in an image, the statistics are not
asked about that one. A guess of confidence 0 is a note: why it could not look. `identify` calls it
only for volumes whose names and tags are silent, unsure or contradict each other."""

DOUBTED = 0.4
"""The confidence of a name or tag that something else strongly contradicts."""
_HEARD = 0.5
"""From here on a classifier that knows none of the four in an image is not overruled."""
_CLEAR = 0.8
"""A name or tag at least this sure needs no look at the image."""


def identify(
    items: Mapping[str, Clues],
    *,
    statistics: bool | None = None,
    classifier: Classifier | None = None,
    seen: Mapping[str, Coarse | None] | None = None,
) -> dict[str, SequenceGuess]:
    """Say which sequence each volume of a study is, and why.

    Names and tags come first; the image is looked at where they are silent, unsure or
    contradict each other. No two volumes get the same sequence: the surer keeps it.

    Parameters
    ----------
    items : mapping of str to Clues
        The volumes of one study, by any key.
    statistics : bool, optional
        True: look at every image, to find wrong names (as the check does; some tenths of a
        second). False: never. None: only where it is needed.
    classifier : callable, optional
        See `Classifier`.
    seen : mapping of str to Coarse or None, optional
        Coarse copies of the volumes, where the caller has them.

    Returns
    -------
    dict of str to SequenceGuess
        A guess for every key, in the order of ``items``; its sequence is None where nothing
        tells, or where the volume is none of a study's sequences.
    """
    spoken = {key: _from_words(clues) for key, clues in items.items()}
    unclear = {key for key, said in spoken.items() if said is None or said.confidence < _CLEAR}
    wanted = set(items) if statistics else unclear if statistics is None else set()
    volumes = {key: c.volume for key, c in items.items() if c.volume is not None}
    images: dict[str, SequenceGuess] = {}
    elimination: dict[str, SequenceGuess] = {}
    # All volumes are looked at even for one: what differs between them tells more.
    others = {k: v for k, v in volumes.items() if not _is_other_kind(spoken[k])}
    learnt: dict[str, SequenceGuess | None] = {}
    if classifier is not None:
        asked = [key for key in items if key in wanted & unclear and key in volumes]
        learnt = {key: classifier(volumes[key]) for key in asked}
        # Statistics know the four sequences alone: they would call a stranger one of them, and of
        # what they compare it with another one.
        others = {k: v for k, v in others.items() if not _is_stranger(learnt.get(k))}
    if wanted & set(volumes):
        images = from_statistics(others, seen=seen)
        known = {
            k: s.sequence
            for k, s in spoken.items()
            if k in others and k not in unclear and s is not None and s.sequence
        }
        elimination = from_statistics(others, known, seen=seen) if known and unclear else images
    looked = {
        key: guess
        for key in items
        if key in wanted
        and (guess := (elimination if spoken[key] is None else images).get(key)) is not None
    }
    surer = {key: _surer(guess, looked.get(key)) for key, guess in learnt.items()}
    said_by_one = {key: guess for key, guess in surer.items() if guess is not None}
    looked |= _told_apart(said_by_one, looked)
    return _one_each({key: _together(spoken[key], looked.get(key)) for key in items})


def _from_words(clues: Clues) -> SequenceGuess | None:
    name = from_name(clues.name) if clues.name else None
    tags = from_tags(clues.tags) if clues.tags is not None else None
    if name is None or tags is None:
        return name or tags
    if name.sequence == tags.sequence:
        sure = max(name.confidence, tags.confidence)
        return replace(tags, confidence=sure, reason=f"{name.reason}; {tags.reason}")
    first, second = sorted((name, tags), key=lambda g: g.confidence, reverse=True)
    return replace(first, confidence=0.5, reason=f"{first.reason}, but {second.reason}")


def _is_other_kind(said: SequenceGuess | None) -> bool:
    return said is not None and said.sequence is None and said.confidence >= _CLEAR


def _is_stranger(learnt: SequenceGuess | None) -> bool:
    return learnt is not None and learnt.sequence is None and learnt.confidence >= _HEARD


def _surer(learnt: SequenceGuess | None, image: SequenceGuess | None) -> SequenceGuess | None:
    if learnt is None or image is None:
        return learnt or image
    if learnt.confidence == 0:
        return replace(image, reason=f"{image.reason} ({learnt.reason})")
    return max(learnt, image, key=lambda guess: guess.confidence)


def _told_apart(
    guesses: dict[str, SequenceGuess], statistics: Mapping[str, SequenceGuess]
) -> dict[str, SequenceGuess]:
    """Have the statistics speak for volumes that are all taken for one sequence.

    A classifier sees one volume at a time; the statistics compare them, and never take two for one.
    """
    kept = dict(guesses)
    for sequence in {g.sequence for g in guesses.values() if g.sequence}:
        rivals = [key for key, guess in guesses.items() if guess.sequence == sequence]
        told = [statistics[key] for key in rivals if key in statistics]
        apart = {guess.sequence for guess in told if guess.sequence}
        others = {g.sequence for key, g in guesses.items() if key not in rivals}
        if len(apart) == len(rivals) > 1 and not apart & others:
            kept |= dict(zip(rivals, told, strict=True))
    return kept


def _together(said: SequenceGuess | None, image: SequenceGuess | None) -> SequenceGuess:
    """Join what names and tags say with what the image looks like."""
    if said is None:
        return image or SequenceGuess(None, 0.0, "nothing says which sequence it is")
    if image is None or image.sequence is None or said.sequence is None:
        return said
    if image.sequence == said.sequence:
        both = 1 - (1 - said.confidence) * (1 - image.confidence)
        return replace(said, confidence=min(both, 0.99))
    if image.confidence >= SURE:
        return replace(
            said,
            confidence=min(said.confidence, DOUBTED),
            reason=f"{said.reason}, but {image.reason}",
        )
    return said


def _one_each(guesses: dict[str, SequenceGuess]) -> dict[str, SequenceGuess]:
    """Leave every sequence to the volume that is surest to be it."""
    kept = dict(guesses)
    for sequence in {g.sequence for g in guesses.values() if g.sequence}:
        rivals = [key for key, g in guesses.items() if g.sequence == sequence]
        surest = max(rivals, key=lambda key: guesses[key].confidence)
        for key in rivals:
            if key != surest:
                own = guesses[key]
                why = f"{own.reason}, but so it is with {surest}, which is as sure or surer to be "
                kept[key] = replace(
                    own,
                    sequence=None,
                    confidence=min(own.confidence, DOUBTED),
                    reason=why + TITLES[sequence],
                )
    return kept
