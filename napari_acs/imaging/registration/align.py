"""Put the sequences of one patient on one grid, each moved and interpolated at most once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import ignore, never, stop_if
from napari_acs.imaging.names import TITLES
from napari_acs.imaging.registration.register import Alignment, register
from napari_acs.imaging.registration.resample import resample
from napari_acs.imaging.step import Verdict
from napari_acs.imaging.volume import Volume

_PREFERRED = ("t1ce", "flair", "t2", "t1")
_SAME_SPACING_MM = 0.1
_WORST: tuple[Verdict, ...] = ("failed", "look", "good")


@dataclass(frozen=True, eq=False)
class Aligned:
    """Sequences on one grid, and how they came there.

    Attributes
    ----------
    reference : str
        The sequence whose own grid it is; its volume is the very one that was given.
    volumes : mapping of str to Volume
        Ready for ``Study(name, volumes, reference)``, in the order that was given.
    alignments : mapping of str to Alignment
        Of every sequence that was compared with the reference (not of the reference itself).
    coverage : mapping of str to float
        Part of the reference grid that lies in a sequence's field of view, by sequence; 1 for
        one that was not resampled.
    """

    reference: str
    volumes: Mapping[str, Volume]
    alignments: Mapping[str, Alignment]
    coverage: Mapping[str, float]

    @property
    def worst(self) -> str | None:
        """The sequence whose registration is to be trusted least; None when none was done."""
        return min(
            self.alignments,
            key=lambda name: _WORST.index(self.alignments[name].verdict),
            default=None,
        )

    @property
    def verdict(self) -> Verdict:
        """The verdict of the worst alignment; ``"good"`` when none was needed."""
        return self.alignments[self.worst].verdict if self.worst else "good"


def choose_reference(volumes: Mapping[str, Volume]) -> str:
    """Choose the sequence whose grid loses the least: the one the others are brought to.

    The one with the thinnest slices (its largest voxel side; sides within 0.1 mm count as
    equal), then with the smallest voxels (within 10 %), then the first of T1ce, FLAIR, T2, T1.

    Parameters
    ----------
    volumes : mapping of str to Volume
        At least one.
    """

    def key(name: str) -> tuple[int, int, int]:
        grid = volumes[name].grid
        ml = round(np.log(grid.voxel_ml) / np.log(1.1))
        order = _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)
        return round(max(grid.spacing) / _SAME_SPACING_MM), ml, order

    return min(volumes, key=key)


def align(
    volumes: Mapping[str, Volume],
    reference: str | None = None,
    *,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[float], None] = ignore,
) -> Aligned:
    """Register sequences to one of them and bring them to its grid.

    A sequence on another grid is registered (see `register`) and its own voxels are
    interpolated once through the transform that was found (see `resample`), also where the
    registration's verdict is not good: the caller decides what to do with it. Where it failed,
    the headers alone are followed, as the most that can be defended.

    The same grid does not mean that the patient held still: a sequence on the reference grid is
    registered as well. Where it fits already its voxels and their type are left as they are.

    Parameters
    ----------
    volumes : mapping of str to Volume
        By sequence.
    reference : str, optional
        Of ``volumes``; `choose_reference` when left out.
    cancelled : callable
    progress : callable
        Told the part that is done, 0 to 1.

    Returns
    -------
    Aligned

    Raises
    ------
    BadInput
        No volumes, an unknown reference, or a volume that cannot be registered.
    Cancelled
    """
    if not volumes:
        raise BadInput("There is nothing to align", found="no sequence")
    reference = reference or choose_reference(volumes)
    if reference not in volumes:
        raise BadInput(
            f"There is no {TITLES.get(reference, reference)} to align to",
            expected=f"one of {', '.join(TITLES.get(name, name) for name in volumes)}",
        )
    fixed = volumes[reference]
    done: dict[str, Volume] = {reference: fixed}
    alignments: dict[str, Alignment] = {}
    coverage = {reference: 1.0}
    others = [name for name in volumes if name != reference]
    for i, name in enumerate(others):
        stop_if(cancelled)
        moving = volumes[name]
        coverage[name] = 1.0
        same = fixed.grid.difference(moving.grid) is None
        share = partial(_share, progress, i, len(others))
        found = register(fixed, moving, cancelled=cancelled, progress=share)
        alignments[name] = found = _headers_only(found) if found.verdict == "failed" else found
        done[name] = replace(moving, history=(*moving.history, found.step()))
        if not (same and found.kept):
            result = resample(done[name], fixed.grid, found.matrix)
            done[name], coverage[name] = result.volume, result.coverage
    progress(1.0)
    ordered = {name: done[name] for name in volumes}
    return Aligned(reference, ordered, alignments, {name: coverage[name] for name in volumes})


def _headers_only(found: Alignment) -> Alignment:
    """Give up the move that a failed registration found."""
    why = f"{found.why} The move was not applied: the file's own position was kept."
    return replace(found, matrix=np.eye(4), why=why)


def _share(progress: Callable[[float], None], i: int, of: int, part: float) -> None:
    progress((i + part) / of)
