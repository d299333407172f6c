"""Taking regions and sequences out of a box."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from napari_acs.inference.explain.occlusion import occlusions, without_region

SEQUENCES, CLASSES = ("t1ce", "flair"), ("no", "yes")


@pytest.fixture
def labels():
    z, y, x = np.indices((20, 20, 20)) - 10
    radius = np.sqrt(z**2 + y**2 + x**2)
    return np.select([radius < 2, radius < 3.5, radius < 6], [1, 3, 2], 0).astype(np.uint8)


@pytest.fixture
def box(labels):
    rng = np.random.default_rng(0)
    array = rng.normal(1, 0.01, (3, 20, 20, 20)).astype(np.float32)
    array[0][labels == 3] = 5
    array[1][labels == 2] = 4
    array[2] = labels > 0
    array[:2, :3] = 0  # no brain there
    return array


def brightness(box):
    """A classifier that looks at bright voxels of T1ce alone."""
    share = float((box[0] > 3).mean() * 50)
    return np.array([1 - share, share])


def rows_of(box, labels, probabilities=brightness):
    rows = occlusions(box, labels, (1, 1, 1), SEQUENCES, CLASSES, probabilities, mask_channel=True)
    return {row.key: row for row in rows}


def test_what_matters_moves_the_answer_and_nothing_else_does(box, labels):
    before, kept = brightness(box), box.copy()
    rows = rows_of(box, labels)
    assert list(rows) == ["ET", "TC", "ED", "WT", "t1ce", "flair"]
    for key in ("ET", "TC", "WT", "t1ce"):
        assert rows[key].probabilities["yes"] == pytest.approx(0)
        assert rows[key].change["yes"] == pytest.approx(-before[1])
    for key in ("ED", "flair"):
        assert rows[key].change == {"no": 0, "yes": 0}
    assert rows["ET"].title == "without enhancing tumour"
    np.testing.assert_array_equal(box, kept)


def test_the_enhancing_tumour_may_be_called_4(box, labels):
    older = np.where(labels == 3, 4, labels).astype(np.uint8)
    assert rows_of(box, older) == rows_of(box, labels)


def test_taking_out_nothing_changes_nothing(box, labels):
    nothing = np.zeros_like(labels, bool)
    same = without_region(box, nothing, labels > 0, (1, 1, 1), 2)
    np.testing.assert_array_equal(same, box)
    assert set(rows_of(box, np.zeros_like(labels))) == {"t1ce", "flair"}
    assert set(rows_of(box, None)) == {"t1ce", "flair"}


def test_a_region_becomes_healthy_tissue_and_leaves_the_mask(box, labels):
    region = labels == 3
    filled = without_region(box, region, labels > 0, (1, 1, 1), 2)
    np.testing.assert_allclose(filled[:2, region], 1, atol=0.02)
    assert not filled[2, region].any()
    np.testing.assert_array_equal(filled[:, ~region], box[:, ~region])


def test_air_stays_air_and_the_shell_is_in_millimetres(box, labels):
    tumour = labels > 0
    box[0][distance_transform_edt(~tumour) > 2.5] = 3
    box[:2, :3] = 0
    region = tumour.copy()
    region[0] = True
    wide, narrow = (without_region(box, region, tumour, (mm,) * 3, 2) for mm in (1, 5))
    assert not wide[:2, 0].any(), "no brain, nothing to fill"
    assert np.median(narrow[0, tumour]) == pytest.approx(1, abs=0.02), "two voxels"
    assert np.median(wide[0, tumour]) == 3, "ten voxels, most of them further out"


def test_a_sequence_that_is_missing_is_not_taken_out(box, labels):
    box[1] = 0
    assert "flair" not in rows_of(box, labels)


def test_a_tumour_that_fills_the_brain_stays(labels):
    full = np.ones((3, 20, 20, 20), np.float32)
    everywhere = np.ones_like(labels, bool)
    filled = without_region(full, everywhere, everywhere, (1, 1, 1), 2)
    np.testing.assert_array_equal(filled[:2], full[:2])
