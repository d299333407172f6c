"""DICOM: find series, read them as volumes, and write masks back as SEG and RTSTRUCT.

Nothing here loads pydicom or highdicom on import; they come with the first DICOM file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_acs.imaging.dicom.archive import unpacked
    from napari_acs.imaging.dicom.find import find_series, scan
    from napari_acs.imaging.dicom.read import read_series
    from napari_acs.imaging.dicom.series import Found, SegmentationFile, Series

_HOME = {
    "Found": "series",
    "SegmentationFile": "series",
    "Series": "series",
    "find_series": "find",
    "read_series": "read",
    "scan": "find",
    "unpacked": "archive",
}

__all__ = [
    "Found",
    "SegmentationFile",
    "Series",
    "find_series",
    "read_series",
    "scan",
    "unpacked",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
