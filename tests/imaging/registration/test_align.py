from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from imaging.moved import coarse_phantom, middle, placed, rigid
from scipy.ndimage import map_coordinates

import napari_acs.imaging.registration.align as module
from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Study, Volume, read_volume
from napari_acs.imaging.cancel import Cancelled
from napari_acs.imaging.registration.align import align, choose_reference
from napari_acs.imaging.registration.register import Alignment
from napari_acs.imaging.registration.resample import resample
from napari_acs.imaging.step import Step


@pytest.fixture(scope="module")
def phantom():
    return coarse_phantom()


@pytest.fixture(scope="module")
def mixed(phantom):
    """T1 and T1ce on one grid; T2 elsewhere with a history of its own."""
    truth = rigid(middle(phantom["t1"]), (8.0, 5.0, -6.0), (0.0, 10.0, 5.0))
    moved = replace(placed(phantom["t2"], truth), history=(Step("brain extracted", "by hand"),))
    volumes = {"t1": phantom["t1"], "t2": moved, "t1ce": phantom["t1ce"]}
    return volumes, align(volumes, "t1")


def oracle(volume, grid, matrix, order=3):
    """One interpolation from the original voxels, by scipy."""
    z, y, x = np.indices(grid.shape)
    points = grid.index_to_point(np.stack([x, y, z], axis=-1).reshape(-1, 3))
    points = points @ matrix[:3, :3].T + matrix[:3, 3]
    index = volume.grid.point_to_index(points)[:, ::-1].T
    values = map_coordinates(volume.array.astype(float), index, order=order, mode="mirror")
    size = np.reshape(volume.array.shape, (3, 1))
    seen = ((index >= -0.5) & (index <= size - 0.5)).all(axis=0)
    return values.reshape(grid.shape), seen.reshape(grid.shape)


def test_aligned_sequences_make_a_study(mixed, phantom):
    volumes, done = mixed
    study = Study("x", done.volumes, done.reference)
    assert study.reference == "t1"
    assert list(done.volumes) == list(volumes)
    inside = phantom["t2"].array > 0
    pair = done.volumes["t2"].array[inside], phantom["t2"].array[inside]
    assert np.corrcoef(*pair)[0, 1] > 0.97
    assert done.verdict == "good"
    assert done.worst in {"t2", "t1ce"}


def test_sequences_that_fit_already_keep_their_voxels(mixed):
    volumes, done = mixed
    assert done.volumes["t1"] is volumes["t1"]
    for name in ("t1", "t1ce"):
        assert np.shares_memory(done.volumes[name].array, volumes[name].array)
        assert done.coverage[name] == 1
    assert [step.name for step in done.volumes["t1ce"].history] == ["registered"]
    assert done.alignments["t1ce"].kept
    assert "t1" not in done.alignments


def test_a_moved_volume_remembers_its_file_and_what_was_done(mixed):
    volumes, done = mixed
    moved = done.volumes["t2"]
    assert moved.source == volumes["t2"].source
    assert [step.name for step in moved.history] == ["brain extracted", "registered", "resampled"]
    records = json.loads(json.dumps([step.record() for step in moved.history]))
    assert records[1]["matrix"] == records[2]["matrix"] == done.alignments["t2"].matrix.tolist()
    assert records[2]["interpolator"] == "cubic B-spline"
    assert records[2]["coverage"] == done.coverage["t2"]
    assert volumes["t2"].history == moved.history[:1]


def test_voxels_are_interpolated_once_from_the_original(mixed):
    volumes, done = mixed
    original, result = volumes["t2"], done.volumes["t2"]
    values, seen = oracle(original, result.grid, done.alignments["t2"].matrix)
    expected = np.clip(values, original.array.min(), original.array.max())
    # Two interpolations differ from one by some hundreds at edges; rounding by a half.
    assert np.abs(result.array - np.where(seen, expected, 0)).max() <= 1.0
    assert result.array.dtype == np.int16


def test_coverage_is_the_part_of_the_grid_that_was_seen(phantom):
    volume = phantom["t1"]
    half = volume.grid.crop(
        (slice(0, volume.array.shape[0] // 2), *map(slice, (0, 0), volume.array.shape[1:]))
    )
    lower = Volume(volume.array[: half.shape[0]], half)
    result = resample(lower, volume.grid)
    assert result.coverage == half.shape[0] / volume.array.shape[0]
    assert np.array_equal(result.volume.array[: half.shape[0]], lower.array)
    assert not result.volume.array[half.shape[0] :].any()


def test_nothing_overshoots_and_nothing_is_invented_outside():
    grid = Grid((12, 12, 12), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), tuple(np.eye(3).ravel()))
    array = np.full((12, 12, 12), 100.0, np.float32)
    array[4:8, 4:8, 4:8] = 900
    finer = Grid((40, 40, 40), (0.5, 0.5, 0.5), (-4.0, -4.0, -4.0), grid.direction)
    result = resample(Volume(array, grid), finer)
    seen = result.volume.array[6:28, 6:28, 6:28]
    assert (seen.min(), seen.max()) == (100, 900)
    assert result.volume.array.dtype == np.float32
    assert result.volume.array[0, 0, 0] == 100  # 0 is no value of this image: its lowest is


def test_a_coarser_grid_is_smoothed_not_aliased():
    """Slices that alternate mean nothing at six times the spacing."""
    eye = tuple(np.eye(3).ravel())
    array = np.zeros((60, 16, 16), np.float32)
    array[::2] = 100
    fine = Volume(array, Grid((16, 16, 60), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), eye))
    coarse = Grid((16, 16, 8), (1.0, 1.0, 6.0), (0.0, 0.0, 6.0), eye)
    for grid in (
        coarse,
        replace(
            coarse, size=(8, 16, 16), spacing=(6.0, 1.0, 1.0), direction=(0, 0, 1, 0, 1, 0, 1, 0, 0)
        ),
    ):
        assert np.abs(resample(fine, grid).volume.array - 50).max() < 2


def test_the_default_reference_is_the_finest_then_t1ce():
    def at(*spacing):
        grid = Grid((8, 8, 8), spacing, (0.0, 0.0, 0.0), tuple(np.eye(3).ravel()))
        return Volume(np.zeros(grid.shape, np.int16), grid)

    thick, thin, fine = at(0.9, 0.9, 5.5), at(1.0, 1.0, 1.0), at(0.5, 0.5, 1.0)
    assert choose_reference({"t1": thick, "t2": thick, "flair": thick, "t1ce": thick}) == "t1ce"
    assert choose_reference({"t1": thick, "t2": thick, "flair": thick}) == "flair"
    assert choose_reference({"t1": thin, "t1ce": thick}) == "t1"
    assert choose_reference({"t1ce": thin, "t2": fine}) == "t2"
    assert choose_reference({"t1": at(0.9, 0.9, 5.53), "t1ce": at(0.9, 0.9, 5.5)}) == "t1ce"


def fake(verdict, matrix):
    return lambda *_, **__: Alignment(matrix, 0.1, 0.2, verdict, "Because.", None)


def test_the_same_grid_does_not_mean_that_the_patient_held_still(phantom, monkeypatch):
    volumes = {name: phantom[name] for name in ("t1", "t2")}
    shift = rigid((0, 0, 0), (4.0, 0.0, 0.0))
    monkeypatch.setattr(module, "register", fake("good", shift))
    moved = align(volumes, "t1")
    assert moved.verdict == "good"
    # 4 mm to the left are two voxels; the phantom's x runs to the right.
    assert np.array_equal(moved.volumes["t2"].array[..., 2:], volumes["t2"].array[..., :-2])


def test_a_failed_registration_raises_nothing_and_follows_the_header(phantom, monkeypatch):
    monkeypatch.setattr(module, "register", fake("failed", rigid((0, 0, 0), (40.0, 0.0, 0.0))))
    t2 = placed(phantom["t2"], rigid((0, 0, 0), (0.0, 2.0, 0.0)))
    done = align({"t1": phantom["t1"], "t2": t2}, "t1")
    assert (done.worst, done.verdict) == ("t2", "failed")
    assert done.alignments["t2"].kept
    assert "not applied" in done.alignments["t2"].why
    assert np.array_equal(done.volumes["t2"].array[:, :-1], phantom["t2"].array[:, 1:])
    assert done.volumes["t2"].history[0].verdict == "failed"


def test_cancel_and_refusals(phantom):
    volumes = {name: phantom[name] for name in ("t1", "t2")}
    with pytest.raises(Cancelled):
        align(volumes, cancelled=lambda: True)
    with pytest.raises(BadInput, match="no FLAIR"):
        align(volumes, "flair")
    with pytest.raises(BadInput, match="nothing to align"):
        align({})


@needs_shared_data
def test_native_sequences_with_thick_oblique_slices():
    """The header is 17 mm off; the truth is in benchmarks/registration.py."""
    folder = SHARED_DATA / "tcga-lgg-native" / "TCGA-FG-6692"
    t2 = read_volume(next(folder.glob("*_t2.nii.gz")))
    t1ce = read_volume(next(folder.glob("*_t1c.nii.gz")))
    done = align({"t2": t2, "t1ce": t1ce})
    assert done.reference == "t1ce"
    assert done.verdict == "good"
    assert done.alignments["t2"].moved_mm == pytest.approx(16.2, abs=1.0)
    assert done.alignments["t2"].turned_deg == pytest.approx(8.4, abs=1.0)
    assert 0.7 < done.coverage["t2"] < 0.95
    Study("native", done.volumes, done.reference)
