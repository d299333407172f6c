"""The box that a classifier sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Study, Volume, to_model_space
from napari_acs.inference.classify_input import classifier_box, cut, volume_box
from napari_acs.models.spec import ClassifierInput

GRID = Grid((40, 36, 30), (1.0, 1.0, 1.5), (-20.0, 5.0, 3.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


def asked(**changes) -> ClassifierInput:
    fields = {
        "channels": [{"name": "t1"}, {"name": "t1ce", "required": True}],
        "spacing_mm": (2, 2, 2),
        "size": (8, 10, 12),
        "centre": "mask",
        "mask_channel": True,
    }
    return ClassifierInput.model_validate(fields | changes)


def stripped(seed: int = 0) -> np.ndarray:
    z, y, x = np.indices(GRID.shape)
    inside = sum(((i - n / 2) / (n / 2 - 3)) ** 2 for i, n in zip((z, y, x), GRID.shape)) < 1  # noqa: B905
    noise = np.random.default_rng(seed).normal(300, 40, GRID.shape)
    return np.where(inside, noise, 0).astype(np.float32)


def head(seed: int = 0) -> np.ndarray:
    """A brain in air that is not quite dark."""
    air = np.abs(np.random.default_rng(seed + 9).normal(0, 4, GRID.shape)).astype(np.float32)
    array = np.where(stripped(seed) > 0, stripped(seed), air)
    array[::29, ::35, ::39] = 0
    return array


STUDY = Study("s", {"t1": Volume(stripped(0), GRID), "t1ce": Volume(stripped(1), GRID)})
TUMOUR = np.zeros(GRID.shape, np.uint8)
TUMOUR[10:17, 14:21, 8:15] = 2
TUMOUR[12:15, 16:19, 10:13] = 3
MASK = Volume(TUMOUR, GRID)


def turned(volume: Volume) -> Volume:
    """The same voxels at the same places, stored from right to left."""
    (x, y, z), (sx, _, _) = volume.grid.origin, volume.grid.spacing
    origin = (x + sx * (volume.grid.size[0] - 1), y, z)
    grid = replace(volume.grid, origin=origin, direction=(-1, 0, 0, 0, 1, 0, 0, 0, 1))
    return Volume(np.ascontiguousarray(volume.array[..., ::-1]), grid)


def test_the_box_is_model_space_round_the_mask_and_0_beyond():
    box = classifier_box(STUDY, asked(size=(30, 30, 30)), MASK)
    space = to_model_space(STUDY, ("t1", "t1ce"), (2, 2, 2))
    assert box.array.shape == (3, 30, 30, 30) and box.grid.shape == (30, 30, 30)
    first = np.rint(space.grid.point_to_index([box.grid.origin])[0][::-1]).astype(int)
    again = cut(space.array, first, (30, 30, 30))
    np.testing.assert_array_equal(box.array[:2], again)
    assert np.abs(again).sum() == pytest.approx(np.abs(space.array).sum())  # all of it is inside
    # The mask's middle is the box's, to half a voxel of 2 mm; its channel shows it there.
    z, y, x = (float(a.mean()) for a in np.nonzero(TUMOUR))
    middle = box.grid.point_to_index(GRID.index_to_point([(x, y, z)]))[0]
    assert np.abs(middle - 14.5).max() <= 0.5 + 1e-6
    seen = np.argwhere(box.array[2] == 1).mean(axis=0)
    assert np.abs(seen - middle[::-1]).max() < 0.6
    assert box.mask_ml == pytest.approx(343 * 1.5 / 1000)
    assert set(np.unique(box.array[2])) == {0, 1}


@pytest.mark.parametrize("normalisation", ["brain-zscore", "robust"])
def test_the_order_in_which_voxels_are_stored_makes_no_difference(normalisation):
    there = asked(normalisation=normalisation)
    other = Study("s", {key: turned(v) for key, v in STUDY.sequences.items()})
    box, again = (classifier_box(s, there, m) for s, m in ((STUDY, MASK), (other, turned(MASK))))
    np.testing.assert_allclose(again.array, box.array, atol=1e-4)
    assert box.grid.difference(again.grid) is None


@given(st.tuples(*(st.integers(1, 9) for _ in range(3))))
@settings(max_examples=8, deadline=None)
def test_a_larger_box_holds_the_smaller_one_in_its_middle(margin):
    # Voxels of the study's own size: the mask's middle is one of them, and no box of an even
    # number has it in its own middle.
    small = asked(spacing_mm=GRID.spacing)
    large = small.model_copy(
        update={"size": tuple(n + 2 * m for n, m in zip(small.size, margin, strict=True))}
    )
    whole = classifier_box(STUDY, large, MASK).array
    z, y, x = (slice(m, -m) for m in margin)
    np.testing.assert_array_equal(whole[:, z, y, x], classifier_box(STUDY, small, MASK).array)


SINGLE = ClassifierInput.model_validate(
    {
        "channels": [{"name": "volume"}],
        "spacing_mm": (1, 1, 1.5),
        "size": GRID.shape,
        "normalisation": "robust",
    }
)


def robust(array: np.ndarray) -> np.ndarray:
    """The robust values on the volume's own grid; 0 where the box does not reach."""
    box = volume_box(Volume(array.astype(np.float32), GRID), SINGLE)
    start = np.rint(-box.grid.point_to_index([GRID.origin])[0]).astype(int)[::-1]
    return cut(box.array, -start, GRID.shape)[0]


@given(st.floats(0.01, 50), st.sampled_from([0.0, -7.0, 300.0]), st.sampled_from([head, stripped]))
@settings(max_examples=12, deadline=None)
def test_robust_values_do_not_hang_on_the_scanner_s_units(factor, shift, made):
    plain = robust(made())
    np.testing.assert_allclose(robust(made() * factor + shift), plain, atol=2e-3)
    seen = plain[(stripped() > 0) & (plain != 0)]
    assert seen.size > 10_000
    assert 0.8 < seen.std() < 1.2
    assert np.abs(plain[made() == 0]).max() < 1e-6  # air, with a skull or without


def test_robust_is_what_the_page_says():
    array = head()
    tissue = array[array > 0.1 * np.percentile(array[array > 0], 99)]
    low, high = np.percentile(tissue, (0.5, 99.5))
    expected = np.clip(array, min(low, 0), high) / np.clip(tissue, low, high).std()
    found = robust(array)
    seen = found != 0
    assert seen.mean() > 0.9
    np.testing.assert_allclose(found[seen], expected[seen], rtol=1e-4, atol=1e-4)


def test_a_missing_sequence_is_0_and_one_that_is_needed_is_named():
    only = Study("s", {"t1ce": STUDY.sequences["t1ce"]})
    box = classifier_box(only, asked(), MASK)
    assert box.present == (False, True) and not box.array[0].any() and box.array[1].any()
    for study, there in ((Study("s", {"t1": Volume(head(), GRID)}), asked()), (only, TWO)):
        with pytest.raises(BadInput, match=r"cannot be classified.*Add the missing sequence"):
            classifier_box(study, there, MASK)


TWO = asked(minimum_sequences=2)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (None, "needs a mask"),
        (Volume(np.zeros_like(TUMOUR), GRID), "is empty"),
        (Volume(TUMOUR, replace(GRID, origin=(0.0, 5.0, 3.0))), r"not on the grid.*20 mm apart"),
    ],
)
def test_a_mask_that_will_not_do_is_a_sentence(mask, said):
    with pytest.raises(BadInput, match=said):
        classifier_box(STUDY, asked(mask_channel=False), mask)


def test_a_classifier_of_single_volumes_takes_one():
    with pytest.raises(BadInput, match="several volumes"):
        classifier_box(STUDY, SINGLE)
    one = Study("s", {"t1ce": STUDY.sequences["t1ce"]})
    assert classifier_box(one, SINGLE, None).array.any()
