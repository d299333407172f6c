"""A study whose distance from the training is no number is not called like it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_acs.inference.classify_outlier import outlier_of
from napari_acs.models.feature_spec import Gaussian, TrainingFeatures

ONE = Gaussian(centre=(0.0, 0.0), scale=(1.0, 1.0), axes=((1.0, 0.0),), variances=(4.0,), rest=1.0)
KNOWN = TrainingFeatures(members=(ONE,), limit=3.0, level=0.95, cases=20)


@pytest.mark.parametrize(
    ("seen", "far"), [((2.0, 1.0), False), ((9, 9), True), ((np.nan, 0), True)]
)
def test_what_is_not_near_is_far(seen, far):
    found = outlier_of(KNOWN, [np.array(seen, float)])
    assert found.far is far
    assert ("unlike" in found.reason) is far
