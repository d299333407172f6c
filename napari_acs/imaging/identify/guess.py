"""A guess of which sequence a volume is, with its reason and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Evidence = Literal["name", "tags", "statistics", "classifier", "user"]


@dataclass(frozen=True)
class SequenceGuess:
    """What one kind of evidence, or all together, says.

    Attributes
    ----------
    sequence : str or None
        One of ``napari_acs.imaging.SEQUENCES``; None where the evidence says "none of them" or
        nothing.
    confidence : float
        0 to 1. 0.9 and above needs no second look, under 0.6 the user should choose.
    reason : str
        A fragment of a sentence that a clinician understands: "the series description says
        T2 FLAIR; TI 2200 ms, TE 90 ms".
    evidence : str
        What it rests on; the strongest where several agree.
    """

    sequence: str | None
    confidence: float
    reason: str
    evidence: Evidence = "name"
