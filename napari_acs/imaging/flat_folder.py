"""Which patient a file is of, where the files of several lie in one folder, told by their names."""

from __future__ import annotations

import filecmp
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from napari_acs.imaging.names import (
    guess_sequence,
    is_agent,
    is_image_name,
    is_mask_word,
    sequence_of_word,
    strip_suffix,
)
from napari_acs.imaging.two_cases import cases_by_name

_CHANNEL = re.compile(r"(.+)_(\d{4})")
"""nnU-Net's names: the case, and the number of the sequence."""
_PLANES = frozenset(("ax", "axial", "tra", "sag", "sagittal", "cor", "coronal", "2d", "3d"))
_BESIDE_T1 = frozenset(("post", "pre", "c", "pc", "km", "cm", "precontrast", "native"))
_CUT = "\0"


def case_of(file: Path) -> str:
    """Return which of several cases in its folder a file is of; nothing in a folder of one case.

    A folder holds several where two files claim one sequence and what is left of the names, without
    words for sequences and masks, goes with several sequences: ``P1_t1``, ``P1_flair``, ``P2_t1``;
    also where the names tell so otherwise (`napari_acs.imaging.two_cases`).
    Files of such a folder that are opened one by one must never become one study.

    Parameters
    ----------
    file : Path
        Of an image or a mask; it may be gone by now.

    Returns
    -------
    str
        ``"P1"`` for ``P1_t1.nii.gz``. ``"anna brain"`` for ``T1_brain.nii.gz`` beside ``T1.nii.gz``
        in the folder ``anna``: there the names of the rest say nothing of the patient.
    """
    folder = file.parent.resolve()
    rests = _rests_in(folder)
    rest = rest_of(file.name)
    if len(rests) < 2 or not rest:
        return ""
    return f"{folder.name} {rest}" if "" in rests else rest


def images_of_case(file: Path) -> list[Path]:
    """Return the images of the case of a file, in its folder, that are told by their names."""
    folder = file.parent.resolve()
    own = case_of(file)
    named = [folder / name for name in _names_in(folder) if guess_sequence(name)]
    return [image for image in named if case_of(image) == own]


def is_copy(file: Path, others: Iterable[Path]) -> bool:
    """Tell whether a file is one of some others, byte for byte; only those of its size are read."""
    try:
        return any(filecmp.cmp(file, other, shallow=False) for other in others)
    except OSError:
        return False


def rest_of(name: str) -> str:
    """Return what a file's name says without its suffix and words for sequences and masks."""
    stem = strip_suffix(name)
    if channel := _CHANNEL.fullmatch(stem):
        return channel[1]
    found = list(re.finditer(r"[A-Za-z0-9]+", stem))
    words = [match.group().lower() for match in found]
    said = [sequence_of_word(word) for word in words]
    for at in range(len(found) - 1, -1, -1):
        near = "t1" in said[max(at - 1, 0) : at + 2]
        idle = said[at] or is_mask_word(words[at]) or is_agent(words[at]) or words[at] in _PLANES
        if idle or (near and words[at] in _BESIDE_T1):
            stem = stem[: found[at].start()] + _CUT + stem[found[at].end() :]
    middle = re.compile(rf"(?<=[A-Za-z0-9])[^A-Za-z0-9]*{_CUT}[^A-Za-z0-9]*(?=[A-Za-z0-9])")
    stem = middle.sub("_", stem)
    return re.sub(rf"[\s_.+{_CUT}-]*{_CUT}[\s_.+{_CUT}-]*", "", stem)


def _sequence(name: str) -> str | None:
    channel = _CHANNEL.fullmatch(strip_suffix(name))
    return channel[2] if channel else guess_sequence(name)


def _rests_in(folder: Path) -> frozenset[str]:
    """Return what tells the cases of a folder apart; one thing, or none, where it holds one."""
    try:
        changed = folder.stat().st_mtime_ns
    except OSError:
        return frozenset()
    return _rests(folder, changed)


@lru_cache(64)
def _rests(folder: Path, changed: int) -> frozenset[str]:
    claims: Counter[str] = Counter()
    sequences: dict[str, set[str]] = defaultdict(set)
    for name in _names_in(folder):
        if (sequence := _sequence(name)) is not None:
            claims[sequence] += 1
            sequences[rest_of(name)].add(sequence)
    twice = max(claims.values(), default=0) > 1
    several = any(len(own) > 1 for own in sequences.values())
    apart = (twice and several) or cases_by_name(_names_in(folder))
    return frozenset(sequences) if apart else frozenset()


def _names_in(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir() if is_image_name(entry.name)]
    except OSError:
        return []
