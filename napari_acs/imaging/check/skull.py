"""Whether the images show a brain alone or a head."""

from __future__ import annotations

from napari_acs.imaging.brain import shows_skull
from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.subject import Subject, titles
from napari_acs.imaging.coarse import Coarse

LARGEST_BRAIN_ML = 2100.0
"""More than this on an empty background is a head whose air was set to zero. (The brains of the
shared cases: up to 1 731 ml; the heads: from 2 300 ml, where the spacing is right.)"""


def skull(subject: Subject) -> CheckLine:
    """Heads are amber for a model of brains; heads and brains mixed are red."""
    heads = [
        key
        for key, seen in subject.shown.items()
        if not _is_brain(seen) and shows_skull(subject.volumes[key])
    ]
    brains = [key for key in subject.shown if key not in heads]
    if heads and brains:
        return CheckLine(
            "skull",
            "red",
            "Some sequences show the skull, others do not",
            f"{titles(heads)} with skull, {titles(brains)} without",
            "Remove the skull from all of them",
            "strip",
        )
    if not heads:
        return CheckLine("skull", "green", "The skull has been removed" if brains else "No brain")
    if subject.needs is not None and not subject.needs.skull_stripped:
        return CheckLine("skull", "green", "The skull is there, as the model expects it")
    return CheckLine(
        "skull",
        "amber",
        "The skull is still there",
        f"in {titles(heads)}; the model was made for brains without skull",
        "Remove the skull first",
        "strip",
    )


def _is_brain(seen: Coarse) -> bool:
    return seen.stripped and seen.inside_ml <= LARGEST_BRAIN_ML
