"""What the check says that leaves a classifier nothing to be sure of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_acs.imaging.check import CheckLine

_MISNAMED = ("sequences", "amber", "choose")


def doubts_of(lines: Sequence[CheckLine]) -> tuple[str, ...]:
    """Return the reasons, in the check's words, why no class may be named.

    One so far: a sequence looks like another. A classifier that is given T2 for T1 answers all the
    same, and as surely. What is red is refused before, and other doubts are notes.
    """
    return tuple(
        f"{line.title} ({line.found})"
        for line in lines
        if (line.topic, line.status, line.action) == _MISNAMED
    )
