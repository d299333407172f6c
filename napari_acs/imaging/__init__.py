"""Images without a window: grids, volumes, studies, reading, writing and model space.

Names are loaded on first use, so that only the functions that need SimpleITK load it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_acs.imaging.brain import brain_box, foreground, is_skull_stripped, normalise
    from napari_acs.imaging.find import find_sequences
    from napari_acs.imaging.grid import Grid
    from napari_acs.imaging.labels.labelfile import read_segments
    from napari_acs.imaging.labels.write import save_labels, write_labels
    from napari_acs.imaging.modelspace import (
        ModelSpaceImage,
        labels_to_model_space,
        part_on_study_grid,
        to_model_space,
        to_study_grid,
    )
    from napari_acs.imaging.names import SEQUENCES, TITLES, guess_sequence, is_mask_name
    from napari_acs.imaging.open import read_study, read_volumes, to_study
    from napari_acs.imaging.orient import from_lps, lps_grid, to_lps
    from napari_acs.imaging.read import read_grid, read_labels, read_volume
    from napari_acs.imaging.sample import sample_mask, sample_study
    from napari_acs.imaging.study import Study
    from napari_acs.imaging.volume import Volume

_HOME = {
    "SEQUENCES": "names",
    "TITLES": "names",
    "Grid": "grid",
    "ModelSpaceImage": "modelspace",
    "Study": "study",
    "Volume": "volume",
    "brain_box": "brain",
    "find_sequences": "find",
    "foreground": "brain",
    "from_lps": "orient",
    "guess_sequence": "names",
    "is_mask_name": "names",
    "is_skull_stripped": "brain",
    "labels_to_model_space": "modelspace",
    "part_on_study_grid": "modelspace",
    "lps_grid": "orient",
    "normalise": "brain",
    "read_grid": "read",
    "read_labels": "read",
    "read_segments": "labels.labelfile",
    "read_study": "open",
    "read_volume": "read",
    "read_volumes": "open",
    "sample_mask": "sample",
    "sample_study": "sample",
    "to_lps": "orient",
    "save_labels": "labels.write",
    "to_model_space": "modelspace",
    "to_study": "open",
    "to_study_grid": "modelspace",
    "write_labels": "labels.write",
}

__all__ = [
    "SEQUENCES",
    "TITLES",
    "Grid",
    "ModelSpaceImage",
    "Study",
    "Volume",
    "brain_box",
    "find_sequences",
    "foreground",
    "from_lps",
    "guess_sequence",
    "is_mask_name",
    "is_skull_stripped",
    "labels_to_model_space",
    "lps_grid",
    "normalise",
    "part_on_study_grid",
    "read_grid",
    "read_labels",
    "read_segments",
    "read_study",
    "read_volume",
    "read_volumes",
    "sample_mask",
    "sample_study",
    "save_labels",
    "to_lps",
    "to_model_space",
    "to_study",
    "to_study_grid",
    "write_labels",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
