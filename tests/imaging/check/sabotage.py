"""A sound study, and ways to break it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from napari_acs.imaging import Volume, sample_study
from napari_acs.imaging.check import CheckLine, Needs, check_study

NEEDS = Needs(("t1", "t1ce", "t2", "flair"), (), 1, (1.0, 1.0, 1.0))


@cache
def sound() -> dict[str, Volume]:
    """The phantom, without its files: they are no evidence for a broken copy."""
    return {key: replace(v, source=None) for key, v in sample_study().sequences.items()}


def with_array(volume: Volume, array: np.ndarray) -> Volume:
    return replace(volume, array=array)


def with_grid(volume: Volume, **fields) -> Volume:
    return replace(volume, grid=replace(volume.grid, **fields))


def with_skull(volume: Volume, seed: int = 0) -> Volume:
    """Put the brain into a head: a bright shell, and noise of air all round."""
    z, y, x = np.indices(volume.array.shape)
    inside = np.argwhere(volume.array > 0)
    low, high = inside.min(axis=0), inside.max(axis=0)
    centre, half = (low + high) / 2, (high - low) / 2 + 12
    r = sum(((i - c) / h) ** 2 for i, c, h in zip((z, y, x), centre, half, strict=True))
    brain = volume.array.astype(np.float32)
    top = np.percentile(brain[brain > 0], 90)
    noise = np.random.default_rng(seed).rayleigh(0.02 * top, brain.shape)
    head = np.where(brain > 0, brain, np.where((r < 1) & (r > 0.85), top, 0.15 * top * (r < 1)))
    return with_array(volume, (head + noise).astype(np.float32))


def check(volumes, needs=NEEDS, **more) -> dict[str, CheckLine]:
    return {line.topic: line for line in check_study("study", volumes, needs, **more)}


def not_green(lines: dict[str, CheckLine]) -> dict[str, str]:
    return {topic: line.status for topic, line in lines.items() if line.status != "green"}
