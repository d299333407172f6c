from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imaging.geometries import make_grid

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume, foreground, is_skull_stripped, sample_study
from napari_acs.imaging.brain_mask import BrainMask, judged
from napari_acs.imaging.step import Step
from napari_acs.imaging.strip import strip

GRID = make_grid(spacing=(8.0, 7.0, 6.0), size=(22, 26, 24))


def brain(seed: int = 0) -> BrainMask:
    """Draw a bumpy ball."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices(GRID.shape)
    radii = rng.uniform(0.6, 0.9, 3)
    scaled = [
        (i / (n - 1) * 2 - 1) / r for i, n, r in zip((z, y, x), GRID.shape, radii, strict=True)
    ]
    return judged(sum(s * s for s in scaled) + rng.normal(0, 0.1, GRID.shape) < 1, GRID, "drawn")


@st.composite
def heads(draw) -> np.ndarray:
    """Draw heads of many types and scales; some brain voxels have the value of the background."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.normal(500, 120, GRID.shape).clip(0)
    values[rng.random(GRID.shape) < draw(st.sampled_from([0, 0.001, 0.05]))] = 0
    kind = draw(st.sampled_from(["unsigned", "signed", "float", "z-scored", "tiny"]))
    if kind == "unsigned":
        return values.astype(draw(st.sampled_from(["u2", "i2"])))
    if kind == "signed":
        return (values - 3).astype(draw(st.sampled_from(["i2", "i4"])))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    if kind == "z-scored":
        values = (values - values.mean()) / values.std()
    return (values * (1e-9 if kind == "tiny" else 1)).astype(dtype)


@given(head=heads(), seed=st.integers(0, 20))
def test_the_foreground_of_a_stripped_volume_is_the_mask(head, seed):
    mask = brain(seed)
    volume = strip({"t1": Volume(head, GRID)}, mask)["t1"]
    assert volume.array.dtype == head.dtype
    np.testing.assert_array_equal(foreground(volume.array, GRID.voxel_ml), mask.mask)
    # The brain is what it was, but for the voxels that had to be lifted, and those by a hair.
    kept = volume.array == head
    assert (head[mask.mask & ~kept] == volume.array[~mask.mask][0]).all()
    moved = np.abs(volume.array[mask.mask].astype(float) - head[mask.mask].astype(float))
    assert moved.max() <= max(1 if head.dtype.kind in "ui" else 0, 1.1e-6 * np.ptp(head))
    if head.min() >= 0:
        assert not volume.array[~mask.mask].any()
    again = strip({"t1": volume}, mask)["t1"]
    assert again is volume


@given(head=heads())
def test_the_mask_survives_float32(head):
    mask = brain()
    volume = strip({"t1": Volume(head, GRID)}, mask)["t1"]
    np.testing.assert_array_equal(foreground(volume.array.astype(np.float32)), mask.mask)


def test_the_input_its_source_and_its_history_are_kept():
    head = np.random.default_rng(0).integers(1, 900, GRID.shape).astype(np.int16)
    before = head.copy()
    earlier = Step("registered", "rigid")
    volume = Volume(head, GRID, source=Path("t1.nii.gz"), history=(earlier,))
    done = strip({"t1": volume, "flair": volume}, brain())
    assert list(done) == ["t1", "flair"]
    assert done["t1"].source == volume.source
    assert done["t1"].history == (earlier, brain().step)
    np.testing.assert_array_equal(head, before)


def test_the_sample_passes_unchanged():
    study = sample_study()
    inside = np.any([foreground(v.array) for v in study.sequences.values()], axis=0)
    done = strip(study.sequences, judged(inside, study.grid, "as it came"))
    assert all(done[name] is volume for name, volume in study.sequences.items())


def test_a_smaller_mask_strips_a_stripped_volume_further():
    t1 = sample_study().sequences["t1"]
    inside = foreground(t1.array)
    inside[:60] = False
    done = strip({"t1": t1}, judged(inside, t1.grid, "without the brain stem"))["t1"]
    np.testing.assert_array_equal(foreground(done.array), inside)
    assert is_skull_stripped(done.array)


def test_masks_that_do_not_fit_are_refused():
    volume = Volume(np.ones(GRID.shape), GRID)
    for mask in (np.zeros(GRID.shape, bool), np.ones(GRID.shape, bool)):
        with pytest.raises(BadInput, match="of the image is brain"):
            strip({"t1": volume}, judged(mask, GRID, "wrong"))
    elsewhere = Volume(volume.array, GRID.moved((1, 0, 0), GRID.size))
    with pytest.raises(BadInput, match="t2 and the brain mask are on different grids"):
        strip({"t2": elsewhere}, brain())
