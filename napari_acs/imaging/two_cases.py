"""Whether the images of a folder are of several cases, where no sequence occurs twice.

``P1_t1``, ``P1_flair``, ``P2_t1ce`` and ``P2_t2`` would make one whole study of two patients. The
names of one patient's images differ, too, though: scanners number the series and name their
techniques, programs add what they did. So only what stands before the sequence counts, and only
where it leaves little doubt.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

from napari_acs.imaging.names import guess_sequence, is_agent, sequence_of_word, strip_suffix

_ENTITIES = re.compile(
    r"(?:acq|run|rec|dir|echo|part|desc|space|res|ce|mod|proc|label|task|inv|flip)-[a-z0-9]+"
)
"""Of BIDS, beside those of subject and session."""
_SERIES = re.compile(r"s(?:er(?:ies)?|can)?\d+|\d{1,4}")
_IDLE = re.compile(
    r"ax|axial|tra|sag|sagittal|cor|coronal|[23]d|pre|post|native|mri?|mrt|scan|image|img|anat|raw"
    r"|orig|(?:hd)?bet|brain|n4|bias|corrected|(?:skull)?stripped|ss|norm|normali[sz]ed|resampled"
    r"|iso|reg|registered|coreg|rigid|r|wr?|in|to|[tf]?se|mprage|mpr|space|vibe|tirm|spgr|gre|blade"
    r"|cube|ir|fs|dark|fluid|[kc]m|t?fl|bravo|weighted"
)
"""Words of techniques, planes and what programs did: they tell no case from another."""
_MOVED = ("r", "w", "wr", "rr", "c", "b")
"""What SPM and others write before the name of an image that they moved."""


def cases_by_name(names: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return which sequences each of several cases has; nothing where there may be but one.

    Two names are of two cases where each goes with two sequences and has a word that the other
    lacks; or where they differ in a number alone, ``sub-01`` and ``sub-02``, and one of them goes
    with two sequences.

    Parameters
    ----------
    names : iterable of str
        Of the images of a folder.
    """
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for name in names:
        if (sequence := guess_sequence(name)) and (lead := _before_sequence(name)):
            found[lead].add(sequence)
    several: set[tuple[str, ...]] = set()
    for one, other in combinations(found, 2):
        fewer, more = sorted((len(found[one]), len(found[other])))
        if (fewer > 1 and _apart(one, other)) or (more > 1 and _numbered(one, other)):
            several |= {one, other}
    return {"_".join(lead): frozenset(found[lead]) for lead in found if lead in several}


def _before_sequence(name: str) -> tuple[str, ...]:
    """Return the words before the one that says the sequence, without those that say no case."""
    stem = _ENTITIES.sub(" ", strip_suffix(name).lower())
    words = re.findall(r"[a-z0-9]+", stem)
    at = next((n for n, word in enumerate(words) if sequence_of_word(word)), 0)
    return tuple(word for word in words[:at] if not (_IDLE.fullmatch(word) or is_agent(word)))


def _apart(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether each has a word that the other lacks, moved or not."""

    def own(words: tuple[str, ...], others: tuple[str, ...]) -> bool:
        moved = {sign + word for sign in ("", *_MOVED) for word in others}
        return any(
            word not in moved and not moved.intersection(sign + word for sign in _MOVED)
            for word in words
        )

    return own(one, other) and own(other, one)


def _numbered(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether they differ in a number alone that is more than that of a series."""

    def pattern(words: tuple[str, ...]) -> list[str]:
        return [re.sub(r"\d+", "#", word) for word in words]

    series = any(all(map(_SERIES.fullmatch, words)) for words in (one, other))
    return not series and one != other and pattern(one) == pattern(other)
