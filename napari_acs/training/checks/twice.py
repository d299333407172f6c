"""One image under the names of two sequences: a slip, and a channel that tells nothing."""

from __future__ import annotations

from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES
from napari_acs.training.checks.content import content_hash, may_hold_the_same
from napari_acs.training.layouts.case import TrainingCase


def twice_faults(case: TrainingCase) -> list[BadInput]:
    """Return a refusal for each sequence of a case that is another one of it, packed or not.

    The bytes are compared; voxels are when they are prepared (see `same_channels`).

    Parameters
    ----------
    case : TrainingCase
        Its files must be there. The volumes of a 4D file are not compared.
    """
    if case.frames:
        return []
    faults: list[BadInput] = []
    seen: list[tuple[str, Path]] = []
    for key, path in case.sequences.items():
        first = next((name for name, other in seen if _same(path, other)), None)
        if first is None:
            seen.append((key, path))
            continue
        faults.append(
            BadInput(
                f"The case {case.name} has one image as {TITLES[first]} and as {TITLES[key]}",
                found=f"the same content in {case.sequences[first].name} and {path.name}",
                expected="an image of its own for each sequence",
                do="Put the right file in its place, or take one out (may_lack in a recipe)",
            )
        )
    return faults


def _same(path: Path, other: Path) -> bool:
    if path == other:
        return True
    if not (path.is_file() and other.is_file()) or not may_hold_the_same(path, other):
        return False
    return content_hash(path) == content_hash(other)
