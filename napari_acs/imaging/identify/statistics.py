"""Which sequence a volume looks like, by its grey values alone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging.coarse import Coarse
from napari_acs.imaging.identify.coefficients import RULE
from napari_acs.imaging.identify.features import Looks, look, rank_correlation
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.imaging.identify.rule import Rule, assign, normalised
from napari_acs.imaging.names import SEQUENCES, TITLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.volume import Volume

SURE = 0.9
"""From here on the image contradicts a name; reached only by three or four stripped volumes.

Of 27 patients judged by a rule fitted without them, none of 108 volumes is contradicted wrongly
where all four sequences are there, and 4 of 324 (1.2 %) where three of them are
(``benchmarks/identify.py``): an amber line, never a red one.
"""
_HEAD_TRUST = 0.3
"""How much the chances of a head with its skull count: the rule was fitted on stripped brains."""
_MOST = {1: 0.8, 2: 0.85, 3: 0.97, 4: 0.97}
"""The confidence is never above these, by how many volumes were seen together ..."""
_MOST_OF_HEAD = 0.6
"""... and never above this with the skull in the image."""

_SIGNS = {
    "t1": "fluid is darker than brain, and nothing is much brighter than white matter",
    "t1ce": "fluid is dark, and a small part is much brighter than the brain, as vessels and "
    "tissue that take up contrast agent are",
    "t2": "fluid is brighter than brain",
    "flair": "fluid is dark, and cortex is no darker than white matter",
}


def from_statistics(
    volumes: Mapping[str, Volume],
    known: Mapping[str, str] | None = None,
    seen: Mapping[str, Coarse | None] | None = None,
    rule: Rule = RULE,
) -> dict[str, SequenceGuess]:
    """Guess the sequences of a study's volumes from their grey values, all together.

    Up to four volumes are taken as different sequences; more are judged one by one.

    Parameters
    ----------
    volumes : mapping of str to Volume
    known : mapping of str to str, optional
        Volumes whose sequence is certain: the others then are something else.
    seen : mapping of str to Coarse or None, optional
        The volumes' coarse copies, where the caller has them (`napari_acs.imaging.coarse`).
    rule : Rule, optional
        Coefficients other than the fitted ones; for the benchmark.

    Returns
    -------
    dict of str to SequenceGuess
        A guess for every key; its sequence is None where the volume shows too little.
    """
    looks: dict[str, Looks] = {}
    for key, volume in volumes.items():
        coarse = seen[key] if seen is not None and key in seen else volume
        found = look(coarse) if coarse is not None else None
        if found is not None:
            looks[key] = found
    nothing = SequenceGuess(None, 0.0, "the image shows too little brain to tell", "statistics")
    guesses = dict.fromkeys(volumes, nothing)
    if not looks:
        return guesses
    together = 1 < len(looks) <= len(SEQUENCES)
    chances = _chances(looks, volumes, known or {}, rule) if together else _each(looks, rule)
    for (key, found), chance in zip(looks.items(), chances, strict=True):
        guesses[key] = _guess(found, chance, len(looks) if together else 1)
    return guesses


def _each(looks: Mapping[str, Looks], rule: Rule) -> NDArray[np.float64]:
    return np.array([np.exp(_log_chances(found, rule)) for found in looks.values()])


def _log_chances(found: Looks, rule: Rule) -> NDArray[np.float64]:
    log = rule.log_chances(found.values)
    return log if found.seen.stripped else normalised(_HEAD_TRUST * log)


def _chances(
    looks: Mapping[str, Looks], volumes: Mapping[str, Volume], known: Mapping[str, str], rule: Rule
) -> NDArray[np.float64]:
    keys = list(looks)
    correlations = {
        (i, j): rank_correlation(looks[a], looks[b])
        for (i, a), (j, b) in itertools.combinations(enumerate(keys), 2)
        if looks[a].seen.stripped
        and looks[b].seen.stripped
        and volumes[a].grid.difference(volumes[b].grid) is None
    }
    fixed = {i: SEQUENCES.index(known[k]) for i, k in enumerate(keys) if k in known}
    if len(set(fixed.values())) < len(fixed):
        fixed = {}
    logs = [_log_chances(found, rule) for found in looks.values()]
    return assign(logs, correlations, fixed, rule)


def _guess(found: Looks, chance: NDArray[np.float64], count: int) -> SequenceGuess:
    best = int(chance.argmax())
    most = _MOST[count] if found.seen.stripped else _MOST_OF_HEAD
    sequence = SEQUENCES[best]
    reason = f"the image looks like {TITLES[sequence]}: {_SIGNS[sequence]}"
    if not found.seen.stripped:
        reason += " (hard to tell with the skull in the image)"
    return SequenceGuess(sequence, min(float(chance[best]), most), reason, "statistics")
