"""Standard terms for the parts of a brain tumour, for other programs to know them by.

They are those of the DICOM context groups 7168 (Brain Lesion Segmentation Type With Necrosis) and
7159 (Lesion Segmentation Type); the category is of context group 7150.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_acs.imaging.labels.segments import SegmentName


@dataclass(frozen=True)
class Term:
    """A coded term: value, coding scheme and meaning."""

    value: str
    scheme: str
    meaning: str


ABNORMAL = Term("49755003", "SCT", "Morphologically Abnormal Structure")
BRAIN = Term("12738006", "SCT", "Brain")
NECROSIS = Term("6574001", "SCT", "Necrosis")
EDEMA = Term("79654002", "SCT", "Edema")
ENHANCING = Term("C113842", "NCIt", "Enhancing Lesion")
NON_ENHANCING = Term("C81175", "NCIt", "Non-Enhancing Lesion")
NEOPLASM = Term("108369006", "SCT", "Neoplasm")
LESION = Term("52988006", "SCT", "Lesion")

# The first that fits: "necrotic and non-enhancing core" is BraTS's NCR, of which necrosis is the
# name-giving part; "non-enhancing" must come before "enhancing", and that before "tumour".
_RULES = (
    (re.compile(r"\bncr\b|necro"), NECROSIS),
    (re.compile(r"\bed\b|o?edema"), EDEMA),
    (re.compile(r"\bnet\b|non[- ]?enhancing|not enhancing"), NON_ENHANCING),
    (re.compile(r"\bet\b|enhancing"), ENHANCING),
    (re.compile(r"\bwt\b|\btc\b|tumou?r|neoplasm|glioma|core"), NEOPLASM),
)


def term_of(segment: SegmentName) -> Term:
    """Return the property type of a segment by its name and title; a lesion where they say none."""
    said = f"{segment.name} {segment.title}".lower()
    return next((term for pattern, term in _RULES if pattern.search(said)), LESION)
