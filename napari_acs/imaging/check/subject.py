"""What is checked: a study's volumes as they came, and a coarse look at each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from napari_acs.imaging.brain import EXTRACTED
from napari_acs.imaging.check.needs import Needs
from napari_acs.imaging.coarse import Coarse, coarse
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.imaging.names import SEQUENCES, TITLES
from napari_acs.imaging.volume import Volume

Brain = Literal["none", "auto", "mask"]

LARGEST_BRAIN_ML = 2100.0
"""More than this on an empty background is a head whose air was set to zero. (The brains of the
shared cases: up to 1 731 ml; the heads: from 2 300 ml, where the spacing is right.)"""


@dataclass(frozen=True, eq=False)
class Subject:
    """A study under check. Unlike a `Study`, it may be wrong in any way.

    Attributes
    ----------
    name : str
    volumes : mapping of str to Volume
        By sequence, in the order of `SEQUENCES`, then whatever else.
    seen : mapping of str to Coarse or None
        None where a volume shows nothing.
    needs : Needs or None
        Of the model that was chosen.
    guesses : mapping of str to SequenceGuess, or None
        What `identify` said, where the caller asked it.
    brain : {"none", "auto", "mask"}
        What will be done about a skull: nothing, it is found and removed, a mask is there.
    """

    name: str
    volumes: Mapping[str, Volume]
    seen: Mapping[str, Coarse | None] = field(repr=False)
    needs: Needs | None = None
    guesses: Mapping[str, SequenceGuess] | None = None
    brain: Brain = "none"

    @property
    def shown(self) -> dict[str, Coarse]:
        """The volumes that show something."""
        return {key: seen for key, seen in self.seen.items() if seen is not None}

    @property
    def heads(self) -> list[str]:
        """The volumes that still show the skull."""
        return [
            key
            for key, seen in self.shown.items()
            if not (seen.stripped and seen.inside_ml <= LARGEST_BRAIN_ML)
            and not any(step.name == EXTRACTED for step in self.volumes[key].history)
        ]

    def on_grid_of(self, key: str) -> list[str]:
        """Return the volumes (the given one too) that lie on the grid of ``key``."""
        grid = self.volumes[key].grid
        return [k for k, v in self.volumes.items() if grid.difference(v.grid) is None]


def subject(
    name: str,
    volumes: Mapping[str, Volume],
    needs: Needs | None = None,
    guesses: Mapping[str, SequenceGuess] | None = None,
    seen: Mapping[str, Coarse | None] | None = None,
    brain: Brain = "none",
) -> Subject:
    """Make a subject; a volume that cannot be looked at counts as showing nothing."""
    order = [key for key in SEQUENCES if key in volumes]
    order += [key for key in volumes if key not in SEQUENCES]
    ordered = {key: volumes[key] for key in order}
    looked = {k: seen[k] if seen and k in seen else glance(v) for k, v in ordered.items()}
    return Subject(name, ordered, looked, needs, guesses, brain)


def glance(volume: Volume) -> Coarse | None:
    """Take a coarse look at a volume, whatever it holds; None where that fails."""
    try:
        return coarse(volume)
    except Exception:
        return None


def title(key: str) -> str:
    """Name a volume for the user."""
    return TITLES.get(key, key)


def titles(keys: list[str] | tuple[str, ...]) -> str:
    """List volumes for the user: "T1, T2 and FLAIR"."""
    names = [title(key) for key in keys]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
