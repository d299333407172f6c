"""Which tissue the name of a label says, in the words of BraTS, nnU-Net, MSD and plain speech."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

TISSUE_NAMES: Mapping[str, tuple[str, ...]] = {
    "background": ("background", "bg", "clear label"),
    "ED": ("ed", "snfh"),
    "NCR": ("ncr", "net", "ncr net", "netc", "nec"),
    "ET": ("et",),
    "RC": ("rc",),
    "WT": ("wt", "whole tumor", "complete tumor"),
    "TC": ("tc", "tumor core", "core"),
}
_BY_NAME = {name: tissue for tissue, names in TISSUE_NAMES.items() for name in names}
_NOT_ENHANCING = re.compile(r"\bnon ?(?:contrast |gd )?enhanc\w*")

SINCE_2023 = re.compile(r"BraTS-(?:GLI|GoAT|MEN|MET|SSA)-\d", re.IGNORECASE)
"""Names of BraTS cases whose 3 is enhancing tumour and whose 4 is the resection cavity."""

INSIDE = {"background": 0, "NCR": 1, "ED": 2, "ET": 3}
"""The values of masks in this package."""


def tissue_of(name: str) -> str | None:
    """Return what a label's name says: background, ED, NCR, ET, RC, WT, TC; None if unclear."""
    plain = name.lower().replace("tumour", "tumor").replace("oedema", "edema")
    plain = " ".join(re.findall(r"[a-z0-9]+", plain))
    if plain in _BY_NAME:
        return _BY_NAME[plain]
    if "hyperintens" in plain:
        return "ED"  # BraTS 2023: surrounding non-enhancing FLAIR hyperintensity
    enhancing = "enhanc" in _NOT_ENHANCING.sub(" ", plain)
    said = {
        "ED": "edema" in plain,
        "NCR": "necro" in plain or bool(_NOT_ENHANCING.search(plain)),
        "ET": enhancing,
        "RC": "cavity" in plain,
    }
    tissues = [tissue for tissue, is_said in said.items() if is_said]
    return tissues[0] if len(tissues) == 1 else None


def values_inside(named: Mapping[str, Iterable[int]]) -> dict[int, int] | None:
    """Return our value of each value of a mask whose labels have names.

    Returns
    -------
    dict of int to int, or None
        None where a name is that of no tissue in `INSIDE`: a region, a cavity, something else.
    """
    ours: dict[int, int] = {}
    for name, values in named.items():
        tissue = tissue_of(name)
        if tissue not in INSIDE:
            return None
        for value in values:
            if ours.setdefault(value, INSIDE[tissue]) != INSIDE[tissue]:
                return None
    return ours
