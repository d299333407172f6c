"""A small, ever-changing stock of phantoms to train on."""

from __future__ import annotations

from pathlib import Path

import torch

from napari_acs.imaging import normalise
from napari_acs.training.cases import Case
from napari_acs.training.phantom import Atlas, generate, load_atlas


class PhantomStock:
    """The last few phantoms; which ones depends on the step alone, so a resumed run agrees.

    Parameters
    ----------
    atlas_file : Path
        From ``prepare_atlas``.
    seed, every, size : int
        Phantom ``i`` comes at step ``i * every`` and stays until ``size`` newer ones came.
    """

    def __init__(self, atlas_file: Path, seed: int, every: int, size: int = 12) -> None:
        self._atlas: Atlas = load_atlas(atlas_file)
        self._seed, self._every, self._size = seed, every, size
        self._made: dict[int, Case] = {}

    def at(self, step: int) -> list[Case]:
        """Return the stock at a step."""
        newest = step // self._every
        wanted = range(max(0, newest - self._size + 1), newest + 1)
        self._made = {
            i: self._made[i] if i in self._made else make_phantom(self._atlas, self._seed, i)
            for i in wanted
        }
        return list(self._made.values())


def make_phantom(atlas: Atlas, seed: int, index: int) -> Case:
    """Make one phantom, normalised as a study is."""
    rng = torch.Generator().manual_seed(seed * 1_000_003 + index)
    drawn = generate(atlas, rng)
    # Not by `foreground`: an arbitrary contrast may be as dark as air, and look like a head.
    images = [normalise(a, a != 0) for a in drawn.images.numpy()]
    return Case(
        f"phantom-{seed}-{index}",
        torch.stack([torch.from_numpy(a) for a in images]).half(),
        drawn.labels,
        atlas.spacing_mm,
    )
