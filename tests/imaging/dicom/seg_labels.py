"""The labels that tests of DICOM segmentations write, and their grid."""

from __future__ import annotations

import numpy as np
import pytest
from imaging.dicom.series_for_seg import as_dicom
from imaging.geometries import ORIENTATIONS, make_grid

from napari_acs.errors import BadInput
from napari_acs.imaging.labels.segments import SegmentName

NAMES = (
    SegmentName(1, "NCR", "necrotic and non-enhancing core", "#d62728"),
    SegmentName(2, "ED", "oedema", "#00a08a"),
    SegmentName(4, "ET", "enhancing tumour", "#ffd400"),
)
GRID = as_dicom(make_grid(ORIENTATIONS[20], (0.7, 1.1, 3.3), (10, -20, 30), (0.1, 0.2, -0.3)))
LABELS = np.zeros(GRID.shape, np.uint8)
LABELS[1, 0, 0] = 1
LABELS[1:3, 1, 2:5] = 2
LABELS[3, 2:, 5] = 4


def refused(*parts):
    return pytest.raises(BadInput, match=r"(?s)" + "".join(f"(?=.*{part})" for part in parts))
