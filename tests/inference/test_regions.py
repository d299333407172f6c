"""Labels from nested probabilities, volumes, and the values of BraTS."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_acs.errors import BadInput
from napari_acs.inference.regions import (
    brats_values,
    labels_from_regions,
    region_masks,
    relabel,
    volumes_ml,
)
from napari_acs.models.spec import GLIOMA_OUTPUT, LabelClass

REGIONS = GLIOMA_OUTPUT.regions
probabilities = hnp.arrays(np.float32, (3, 3, 4, 5), elements=st.floats(0, 1, width=32))


@settings(max_examples=50)
@given(probabilities)
def test_a_label_is_the_innermost_region_that_every_outer_one_holds(values):
    labels = labels_from_regions(values, REGIONS)
    wt, tc, et = values >= 0.5
    expected = np.select([wt & tc & et, wt & tc, wt], [3, 1, 2], 0)
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, expected)


def test_each_region_has_its_own_threshold():
    regions = [
        r.model_copy(update={"threshold": t}) for r, t in zip(REGIONS, (0.3, 0.6, 0.9), strict=True)
    ]
    values = np.array([[0.3, 0.9, 0.9, 0.2], [0.1, 0.6, 0.95, 0.2], [0.1, 0.6, 0.9, 0.1]])
    labels = labels_from_regions(values.reshape(3, 4, 1, 1), regions)
    assert labels.ravel().tolist() == [2, 1, 3, 0]
    with pytest.raises(ValueError, match="2 probability maps for 3"):
        labels_from_regions(np.zeros((2, 1, 1, 1)), regions)


@settings(max_examples=50)
@given(hnp.arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 3)))
def test_volumes_are_those_of_the_region_masks(labels):
    volumes = volumes_ml(labels, GLIOMA_OUTPUT, 0.25)
    masks = region_masks(labels, REGIONS)
    assert list(volumes) == ["WT", "TC", "ET", "NCR", "ED"]
    for name, mask in masks.items():
        assert volumes[name] == pytest.approx(np.count_nonzero(mask) / 4)
    assert volumes["WT"] == pytest.approx(volumes["NCR"] + volumes["ED"] + volumes["ET"])
    assert not (masks["ET"] & ~masks["TC"]).any()
    assert not (masks["TC"] & ~masks["WT"]).any()


def test_brats_values_are_given_by_class_name_and_the_map_is_left_as_it_was():
    labels = np.array([0, 1, 2, 3], np.uint8)
    written = relabel(labels, brats_values(GLIOMA_OUTPUT.labels))
    assert written.tolist() == [0, 1, 2, 4]
    assert labels.tolist() == [0, 1, 2, 3]
    other = LabelClass(value=5, name="CYST", title="cyst", color="#000000")
    with pytest.raises(BadInput, match="CYST"):
        brats_values((*GLIOMA_OUTPUT.labels, other))
