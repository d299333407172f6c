"""Which sequence a volume is: from names, DICOM tags and image statistics, with reasons."""

from __future__ import annotations

from napari_acs.imaging.identify.clues import Clues
from napari_acs.imaging.identify.combine import Classifier, identify
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.imaging.identify.name import from_name
from napari_acs.imaging.identify.statistics import from_statistics
from napari_acs.imaging.identify.tags import from_tags

__all__ = [
    "Classifier",
    "Clues",
    "SequenceGuess",
    "from_name",
    "from_statistics",
    "from_tags",
    "identify",
]
