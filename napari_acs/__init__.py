"""ACS-convolution networks for brain tumour MRI, in napari and without it.

Importing the package loads none of its rooms: torch, SimpleITK, Qt and napari come with the
first use of a name that needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_acs.acs import convert
    from napari_acs.imaging import read_study
    from napari_acs.inference import classify, segment
    from napari_acs.models import load_bundle, load_classifier

__version__ = "0.1.0"

_HOME = {
    "classify": "napari_acs.inference",
    "convert": "napari_acs.acs",
    "load_bundle": "napari_acs.models",
    "load_classifier": "napari_acs.models",
    "read_study": "napari_acs.imaging",
    "segment": "napari_acs.inference",
}

__all__ = [
    "__version__",
    "classify",
    "convert",
    "load_bundle",
    "load_classifier",
    "read_study",
    "segment",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
