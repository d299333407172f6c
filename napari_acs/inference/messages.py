"""What an inference job says: progress, then exactly one result or one failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid, Volume
    from napari_acs.inference.maps import RegionMaps
    from napari_acs.models.spec import LabelClass, Region


STAGES = ("prepare", "inference", "finish")
"""The stages of every job: to model space, window by window, back to the study's grid."""

READY = "ready"
"""The stage before them, where there is a brain to cut out or a bias field to correct."""


@dataclass(frozen=True)
class Progress:
    """One step of a job; ``done`` of ``total`` units of the named stage are finished.

    Stages come in the order of ``STAGES``; ``fraction`` runs over the whole job.
    """

    done: int
    total: int
    stage: str
    fraction: float


@dataclass(frozen=True)
class Segmentation:
    """A label map on the study's own grid, and how it came about.

    Attributes
    ----------
    labels : ndarray of uint8, shape (z, y, x)
        On ``grid``; read-only (copy before editing). Values are those of ``classes``.
    grid : Grid
        The study's reference grid.
    classes : tuple of LabelClass
        Value, name, title and colour of every label (background 0 left out).
    probabilities : RegionMaps or None
        Of the regions, on ``grid``; ``labels`` are what they give at the regions' thresholds,
        without what is too small by the regions' limits (see `cleaning`).
    regions : tuple of Region
        Of the model, in the order of ``probabilities``.
    spread : ndarray of float16, shape (z, y, x), or None
        In the box of ``probabilities``: the standard deviation of the regions' probabilities, the
        largest of any region, over mirrored inputs and models, where there were several.
    volumes_ml : mapping of str to float
        Volume of every region and every label class, by name, in millilitres.
    provenance : mapping
        JSON-ready: model id and sha256, package version, device, precision, tiling, input
        hashes, time; see DESIGN.md.
    seconds : mapping of str to float
        Wall time of each stage, by stage name.
    brain : ndarray of bool, shape (z, y, x), or None
        The brain mask that was used, where the study came with its skull; read-only.
    prepared : mapping of str to Volume
        The sequences that were changed before the network saw them: without the skull, without
        the bias field; empty where nothing was done.
    """

    labels: NDArray[np.uint8]
    grid: Grid
    classes: tuple[LabelClass, ...]
    probabilities: RegionMaps | None
    volumes_ml: Mapping[str, float]
    provenance: Mapping[str, Any]
    seconds: Mapping[str, float]
    brain: NDArray[np.bool_] | None = None
    prepared: Mapping[str, Volume] = field(default_factory=dict)
    regions: tuple[Region, ...] = ()
    spread: NDArray[np.float16] | None = None


@dataclass(frozen=True)
class Result:
    """The job ended well; ``notes`` are sentences worth showing (a missing sequence, say)."""

    segmentation: Segmentation
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Nearest:
    """Where a model that found nothing came nearest to a region: how near, and the place.

    ``point_mm`` is x, y, z in LPS.
    """

    region: str
    title: str
    probability: float
    threshold: float
    point_mm: tuple[float, float, float]


@dataclass(frozen=True)
class Failure:
    """The job ended without a result: what happened, why, and what to do about it.

    ``kind`` is ``"input"`` (refused, exit 2), ``"cancelled"`` (exit 3), ``"empty"`` (the
    network saw no tumour; exit 2) or ``"internal"`` (our fault, exit 1). ``detail`` is the
    traceback of an internal failure, for the report of the fault. ``nearest`` is what an empty
    prediction came to, region by region, outermost first.
    """

    what: str
    why: str
    do: str
    kind: str = "input"
    detail: str = ""
    nearest: tuple[Nearest, ...] = ()

    def sentence(self) -> str:
        """Return the failure as plain sentences."""
        parts = (part.rstrip(". ") for part in (self.what, self.why, self.do))
        return " ".join(f"{part}." for part in parts if part)


Message = Progress | Result | Failure
