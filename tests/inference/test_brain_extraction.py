from __future__ import annotations

import itertools

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from conftest import SHARED_DATA, needs_shared_data
from torch import nn

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Volume, foreground, read_volume, sample_study
from napari_acs.imaging.brain_mask import BrainExtractor
from napari_acs.imaging.metrics import dice
from napari_acs.imaging.registration.resample import resample
from napari_acs.imaging.strip import strip
from napari_acs.inference import brain_extraction, brain_stages
from napari_acs.inference.brain_extraction import (
    Cancelled,
    extract_brain,
    sequences_to_look_at,
)
from napari_acs.inference.brain_stages import brain_of, brain_probability
from napari_acs.models.brain_weights import BrainNetworks

NORMAL: BrainExtractor = extract_brain
AXES = [
    (order, flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((False, True), repeat=3)
]


class Bright(nn.Module):
    """Call bright voxels brain, the more so on the right and at the back: axes matter."""

    def forward(self, head):
        x = torch.linspace(-0.1, 0.1, head.shape[2])[:, None, None]
        y = torch.linspace(-0.05, 0.05, head.shape[3])[:, None]
        inside = (8 * (head - 0.5 - x + y)).sigmoid()
        return torch.cat([1 - inside, inside], dim=1)


@pytest.fixture
def bright(monkeypatch):
    """Take the networks' place, on small cubes."""
    monkeypatch.setattr(brain_stages, "COARSE", 32)
    monkeypatch.setattr(brain_stages, "FINE", 48)
    networks = BrainNetworks(Bright(), Bright())
    monkeypatch.setattr(brain_extraction, "load_brain_networks", lambda device: networks)
    return networks


def small_head(seed=0, spacing=(5.0, 4.0, 6.0), size=(44, 50, 30)) -> Volume:
    """Draw a bright ball of 1.2 litres in noisy air."""
    grid = Grid(size, spacing, (-90.0, -70.0, -40.0), tuple(np.eye(3).ravel()))
    z, y, x = np.indices(grid.shape)
    centre = [n * s / 2 for n, s in zip(size, spacing, strict=True)]
    far = sum((i * s - c) ** 2 for i, s, c in zip((x, y, z), spacing, centre, strict=True))
    air = np.abs(np.random.default_rng(seed).normal(0, 12, grid.shape))
    return Volume(np.where(far < 66**2, 500 + air, air).astype(np.float32), grid)


def turned(volume: Volume, order, flips) -> tuple[Volume, list[int], tuple[slice, ...]]:
    """Store the same head with its array axes in another order and direction."""
    grid = volume.grid
    start = [grid.size[axis] - 1 if flip else 0 for axis, flip in zip(order, flips, strict=True)]
    index = [0, 0, 0]
    for axis, first in zip(order, start, strict=True):
        index[axis] = first
    cosines = np.reshape(grid.direction, (3, 3))[:, list(order)] * np.where(flips, -1, 1)
    moved = Grid(
        tuple(grid.size[axis] for axis in order),
        tuple(grid.spacing[axis] for axis in order),
        tuple(grid.index_to_point([index])[0]),
        tuple(cosines.ravel()),
    )
    axes = [2 - order[2 - i] for i in range(3)]
    steps = tuple(slice(None, None, -1 if flip else 1) for flip in reversed(flips))
    return Volume(volume.array.transpose(axes)[steps], moved), axes, steps


@pytest.mark.parametrize(("order", "flips"), AXES[::5])
def test_a_turned_head_has_the_same_brain(bright, order, flips):
    head = small_head()
    expected = extract_brain({"t1": head})
    assert 0.5 < expected.volume_ml / 1200 < 1.5
    other, axes, steps = turned(head, order, flips)
    found = extract_brain({"t1": other})
    np.testing.assert_array_equal(found.mask, expected.mask.transpose(axes)[steps])
    assert found.grid == other.grid


def test_sequences_are_averaged_and_must_agree(bright):
    head = small_head()
    same = extract_brain({"t1ce": head, "t2": head, "t1": head})
    assert same.step.details["sequences"] == ["t1", "t1ce"]
    assert same.step.details["agreement_dice"] == 1
    assert same.step.verdict == "good"
    shifted = Volume(np.roll(head.array, 5, axis=1), head.grid)
    apart = extract_brain({"t1": head, "t1ce": shifted})
    assert apart.step.verdict == "look"
    assert "T1 and T1ce show different brains" in apart.step.why


@pytest.fixture
def told(monkeypatch):
    """Let a test say what the networks see: probability by the sequence's array."""
    answers: list[tuple[np.ndarray, np.ndarray]] = []

    def answer(array, grid, networks, device, progress):
        return next(seen for shown, seen in answers if np.array_equal(shown, array))

    monkeypatch.setattr(brain_extraction, "load_brain_networks", lambda device: None)
    monkeypatch.setattr(brain_extraction, "brain_probability", answer)
    return answers


def test_a_sequence_has_a_say_only_where_it_was_imaged(told):
    t1 = small_head()
    box = (slice(0, 15), slice(0, 50), slice(0, 44))
    other = small_head(1)
    lower = Volume(other.array[box], other.grid.crop(box))
    t1ce = resample(lower, t1.grid).volume
    seen = np.zeros(t1.grid.shape, bool)
    seen[:15] = True
    ball = t1.array > 250
    part = ball.copy()
    part[2:, :20, :20] &= False  # T1ce sees less of the brain where it was imaged
    told.append((t1.array, np.float32(0.9) * ball))
    told.append((t1ce.array, np.float32(0.0) + 0.9 * (part & seen)))
    found = extract_brain({"t1": t1, "t1ce": t1ce})
    # Below both are averaged (0.45: no brain), above T1 alone decides (0.9: brain).
    np.testing.assert_array_equal(found.mask, brain_of(ball & (part | ~seen)))
    assert found.mask[15:].sum() == ball[15:].sum()
    assert found.mask[:15].sum() < ball[:15].sum()
    expected = dice(ball & seen, part & seen)
    assert found.step.details["agreement_dice"] == pytest.approx(expected, abs=1e-4)


def test_what_a_network_makes_of_empty_space_is_not_counted(told):
    t1 = small_head()
    box = (slice(0, 15), slice(0, 50), slice(0, 44))
    t1ce = resample(Volume(t1.array[box], t1.grid.crop(box)), t1.grid).volume
    ball = t1.array > 250
    told.append((t1.array, np.float32(0.4) * ball))
    told.append((t1ce.array, np.ones(t1.grid.shape, np.float32) * ball))
    found = extract_brain({"t1": t1, "t1ce": t1ce})
    assert found.mask[:15].any()
    assert not found.mask[15:].any()


def test_without_t1_the_mask_asks_for_a_look(bright):
    step = extract_brain({"flair": small_head()}).step
    assert step.verdict == "look"
    assert "Only FLAIR" in step.why
    assert step.method.endswith("on FLAIR")


@pytest.mark.parametrize(
    ("present", "seen"),
    [
        (("t1", "t1ce", "t2", "flair"), ("t1", "t1ce")),
        (("t1ce", "flair"), ("t1ce",)),
        (("t2", "flair"), ("flair",)),
        (("t2",), ("t2",)),
    ],
)
def test_t1_weighted_sequences_come_first(present, seen):
    assert sequences_to_look_at(present) == seen


def test_progress_goes_up_and_cancel_stops_between_stages(bright):
    heard: list[float] = []
    extract_brain({"t1": small_head(), "t1ce": small_head(1)}, progress=heard.append)
    assert heard == sorted(heard)
    assert heard[0] == 0
    assert heard[-1] == 1
    for after in range(len(heard) - 1):
        asked: list[float] = []
        with pytest.raises(Cancelled):
            extract_brain(
                {"t1": small_head(), "t1ce": small_head(1)},
                cancelled=lambda n=after, a=asked: len(a) >= n,
                progress=asked.append,
            )
        assert len(asked) == after


def test_a_skull_stripped_study_keeps_its_own_brain():
    study = sample_study()
    brain = extract_brain(study.sequences, device="nonsense")  # no device is needed
    shown = np.any([foreground(v.array) for v in study.sequences.values()], axis=0)
    np.testing.assert_array_equal(brain.mask, shown)
    assert brain.step.verdict == "good"
    assert "skull-stripped" in brain.step.method
    done = strip(study.sequences, brain)
    assert all(done[name] is volume for name, volume in study.sequences.items())


def test_what_shows_no_brain_is_refused(bright):
    head = small_head()
    with pytest.raises(BadInput, match="in every voxel"):
        extract_brain({"t1": Volume(np.full_like(head.array, 3), head.grid)})
    with pytest.raises(BadInput, match="no sequence"):
        extract_brain({})
    rare = np.zeros_like(head.array)
    rare[0, 0, 0] = rare[5, 5, 5] = 1
    with pytest.raises(BadInput, match="No brain was found"):
        brain_probability(rare, head.grid, bright, "cpu", lambda part: None)
    with pytest.raises(BadInput, match="Device"):
        extract_brain({"t1": head}, device="nonsense")


def test_only_the_largest_piece_counts_and_its_holes_are_brain():
    probability = np.zeros((12, 14, 16), np.float32)
    probability[2:9, 3:10, 3:10] = 0.9
    probability[5, 6, 6] = 0.1
    probability[10:, 12:, 13:] = 1
    expected = np.zeros(probability.shape, bool)
    expected[2:9, 3:10, 3:10] = True
    np.testing.assert_array_equal(brain_of(probability), expected)


def synthetic_head(thick: bool = False) -> tuple[Volume, np.ndarray]:
    """Put a dark skull and a bright scalp round the sample's T1 (which has no face or neck)."""
    t1 = sample_study().sequences["t1"]
    brain = foreground(t1.array)
    image = sitk.GetImageFromArray(brain.astype(np.uint8))
    far = sitk.GetArrayFromImage(
        sitk.SignedMaurerDistanceMap(image, squaredDistance=False, insideIsPositive=False)
    )
    rng = np.random.default_rng(0)
    bright = np.percentile(t1.array[brain], 90)
    head = np.select(
        [brain, far < 4, far < 7, far < 12],
        [t1.array, 0.25 * bright, 0.08 * bright, 1.2 * bright],
        0,
    )
    head = np.abs(head + rng.normal(0, 0.02 * bright, head.shape)).astype(np.float32)
    volume = Volume(head, t1.grid)
    if not thick:
        return volume, brain
    keep = slice(0, None, 5)
    x, y, z = t1.grid.spacing
    grid = Grid(
        (t1.grid.size[0], t1.grid.size[1], len(head[keep])), (x, y, 5 * z),
        t1.grid.origin, t1.grid.direction,
    )  # fmt: skip
    return Volume(head[keep], grid), brain[keep]


@pytest.mark.parametrize("thick", [False, True])
def test_the_brain_of_a_drawn_head_is_found(thick):
    head, brain = synthetic_head(thick)
    found = extract_brain({"t1": head})
    assert dice(found.mask, brain) > 0.95
    assert found.step.verdict == "good"


@needs_shared_data
def test_a_real_head_has_a_brain_in_any_orientation():
    file = next(SHARED_DATA.glob("tcga-lgg-native/*/*_t1.nii.gz"))
    head = read_volume(file)
    expected = extract_brain({"t1": head})
    assert 1500 < expected.volume_ml < 1700  # 1606 ml in the brain that others extracted
    assert expected.step.verdict == "good"
    other, axes, steps = turned(head, (2, 0, 1), (True, False, True))
    found = extract_brain({"t1": other})
    np.testing.assert_array_equal(found.mask, expected.mask.transpose(axes)[steps])
    done = strip({"t1": head}, expected)["t1"]
    np.testing.assert_array_equal(foreground(done.array, head.grid.voxel_ml), expected.mask)
