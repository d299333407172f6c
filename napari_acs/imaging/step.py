"""What was done to a volume since it was read: a record that goes with it into provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["good", "look", "failed"]
"""Whether a step that can go wrong went well: ``look`` asks for the user's eyes."""


@dataclass(frozen=True)
class Step:
    """One thing that was done to a volume's voxels or place.

    Attributes
    ----------
    name : str
        ``"registered"``, ``"resampled"``, ``"brain extracted"`` or ``"bias corrected"``.
    method : str
        How, in words, with the version of what did it.
    verdict : {"good", "look", "failed"}
        How it went, as far as a computer can tell.
    why : str
        One sentence that explains the verdict; empty where there is nothing to say.
    details : mapping
        JSON-ready numbers: matrix, metric, interpolator, volume.
    """

    name: str
    method: str
    verdict: Verdict = "good"
    why: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return the step as JSON-ready data."""
        return {
            "step": self.name,
            "method": self.method,
            "verdict": self.verdict,
            **({"why": self.why} if self.why else {}),
            **self.details,
        }
