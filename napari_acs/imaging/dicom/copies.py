"""Find series that were sent twice under different UIDs."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from napari_acs.imaging.dicom.open import NotReadable, open_dataset, quiet
from napari_acs.imaging.dicom.series import Series
from napari_acs.imaging.dicom.values import value


def mark_copies(series: Iterable[tuple[Series, str]]) -> list[Series]:
    """Mark the later ones of series that hold the same images as ``"duplicate"``.

    Parameters
    ----------
    series : iterable of (Series, str)
        Each with its time of acquisition.

    Notes
    -----
    Candidates have equal grids, places, times and tags (but for the number and the texts).
    Only theirs are pixels that are read: those of the first, the middle and the last slice.
    """
    marked: list[Series] = []
    alike: dict[object, list[int]] = defaultdict(list)
    for one, time in series:
        marked.append(one)
        if one.spacing is None or one.kind == "duplicate":
            continue
        tags = replace(one.tags, series_number=None, description="", protocol="")
        places = tuple((f.position, f.orientation) for f in (one.frames[0], one.frames[-1]))
        alike[one.study_uid, one.size, one.spacing, places, time, tags, one.part].append(
            len(marked) - 1
        )
    for group in alike.values():
        seen: dict[str, int] = {}
        for index in sorted(group, key=lambda i: marked[i].tags.series_number or 0):
            digest = _pixels(marked[index]) if len(group) > 1 else ""
            if digest and digest in seen:
                first = marked[seen[digest]].title
                marked[index] = replace(
                    marked[index], kind="duplicate", why=f"It holds the same images as {first}."
                )
            elif digest:
                seen[digest] = index
    return marked


def _pixels(series: Series) -> str:
    """Hash three slices as they are stored; empty when they cannot be read."""
    digest = hashlib.sha256()
    chosen = (series.frames[0], series.frames[series.slices // 2], series.frames[-1])
    for file in dict.fromkeys(frame.file for frame in chosen):
        try:
            with quiet():
                pixels = value(open_dataset(file), "PixelData")
        except (OSError, NotReadable):
            return ""
        if not isinstance(pixels, bytes):
            return ""
        digest.update(pixels)
    return digest.hexdigest()
