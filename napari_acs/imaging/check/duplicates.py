"""Whether two sequences are one image."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.subject import Subject, title
from napari_acs.imaging.volume import Volume

ALIKE = 0.999
"""Correlation above which two volumes are one image on two scales. (Of the shared cases the
nearest two, a T1 and its T1ce, have 0.88.)"""


def duplicates(subject: Subject) -> CheckLine:
    """Make the same file, the same voxels or a scaled copy under two names red."""
    found = []
    for a, b in itertools.combinations(subject.volumes, 2):
        how = _same(subject, a, b)
        if how:
            found.append(f"{title(a)} and {title(b)} {how}")
    if found:
        return CheckLine(
            "duplicates",
            "red",
            "One image is used for two sequences",
            "; ".join(found),
            "Choose the right file for each",
            "choose",
        )
    return CheckLine("duplicates", "green", "Every sequence is another image")


def _same(subject: Subject, a: str, b: str) -> str:
    first, second = subject.volumes[a], subject.volumes[b]
    if _files(first) and _files(first) == _files(second):
        return f"are the same file ({first.called('a DICOM series')})"
    if first.array.shape != second.array.shape:
        return ""
    one, two = subject.seen[a], subject.seen[b]
    if one is None or two is None or one.array.shape != two.array.shape:
        return ""
    if np.array_equal(one.array, two.array) and np.array_equal(first.array, second.array):
        return "hold the same voxels"
    both = one.inside | two.inside
    alike = np.corrcoef(one.array[both], two.array[both])[0, 1] if both.any() else 0.0
    return "are the same image on two scales" if alike > ALIKE else ""


def _files(volume: Volume) -> tuple[Path, ...]:
    """Return the files of a volume; several series of DICOM may lie in one folder."""
    if volume.dicom is not None:
        return volume.dicom.files
    return (volume.source.resolve(),) if volume.source is not None else ()
