"""Whether the images show a brain alone or a head."""

from __future__ import annotations

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.subject import Subject, titles


def skull(subject: Subject) -> CheckLine:
    """Heads are amber for a model of brains; with brains among them, and left so, red."""
    heads = subject.heads
    brains = [key for key in subject.shown if key not in heads]
    if not heads:
        return CheckLine("skull", "green", "The skull has been removed" if brains else "No brain")
    if subject.needs is not None and not subject.needs.skull_stripped and not brains:
        return CheckLine("skull", "green", "The skull is there, as the model expects it")
    found = f"in {titles(heads)}; the model was made for brains without skull"
    if subject.brain == "mask":
        return CheckLine("skull", "green", "The skull is cut away with the brain mask", found)
    if subject.brain == "auto":
        do = "It is removed when you segment; Strip does so now, to look at the brain mask first"
        return CheckLine("skull", "amber", "The skull is still there", found, do, "strip")
    if brains:
        return CheckLine(
            "skull",
            "red",
            "Some sequences show the skull, others do not",
            f"{titles(heads)} with skull, {titles(brains)} without",
            "Remove the skull from all of them",
            "strip",
        )
    do = "Remove the skull first"
    return CheckLine("skull", "amber", "The skull is still there", found, do, "strip")
