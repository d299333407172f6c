"""What is remembered of one result layer, and what a worker finds out about it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from napari_acs.inference.cleaning import cleaning_record, has_limits, limits_of
from napari_acs.inference.places import Place, next_places
from napari_acs.inference.uncertainty import Uncertainty, mean_uncertainty, uncertainty_of
from napari_acs.viewer.rethreshold import Rethreshold

if TYPE_CHECKING:
    from napari.layers import Image, Labels

    from napari_acs.imaging import Grid
    from napari_acs.inference.cleaning import Cleaned
    from napari_acs.inference.messages import Segmentation
    from napari_acs.models.spec import Region


@dataclass(frozen=True, eq=False)
class Found:
    """Answer number ``turn``: the uncertainty, and the places at these thresholds."""

    turn: int
    thresholds: Mapping[str, float]
    uncertain: Uncertainty
    places: tuple[Place, ...]


@dataclass(eq=False)
class State:
    """Of one mask: what it was made of, its thresholds, and its map of uncertainty.

    ``shown`` is the map's layer, once it was asked for; ``wanted`` whether it is to be seen while
    the mask is followed. ``settled`` are the thresholds that the places were last looked for at.
    ``cleaned_at`` is what the model says at thresholds, and what was too small; the last answer is
    kept.
    """

    segmentation: Segmentation
    mask: Rethreshold
    cleaned_at: Callable[[Mapping[str, float]], Cleaned]
    settled: dict[str, float]
    found: Found | None = None
    shown: Image | None = None
    wanted: bool = False
    fitted: bool = field(default=True)

    @property
    def grid(self) -> Grid:
        """Of the mask."""
        return self.segmentation.grid

    @property
    def given_up(self) -> str:
        """What was too small at the present thresholds, as sentences."""
        if not has_limits(self.regions):
            return ""
        small = self.cleaned_at(self.mask.thresholds).given_up
        return " ".join(each.sentence(self.segmentation.classes) for each in small)

    @property
    def regions(self) -> tuple[Region, ...]:
        """Outermost first."""
        return self.segmentation.regions


def state_of(layer: Labels, segmentation: Segmentation) -> State | None:
    """Return what to remember, or None where no probabilities were kept."""
    maps, regions = segmentation.probabilities, segmentation.regions
    if maps is None or not regions or not maps.values.size:
        return None
    own = {region.name: region.threshold for region in regions}

    @lru_cache(maxsize=1)
    def at(*thresholds: tuple[str, float]) -> Cleaned:
        return maps.cleaned_in_box(regions, dict(thresholds))

    def cleaned_at(thresholds: Mapping[str, float]) -> Cleaned:
        return at(*thresholds.items())

    def record_at(thresholds: Mapping[str, float]) -> dict[str, Any]:
        limits, cleaned = limits_of(regions), cleaned_at(thresholds)
        unsure = mean_uncertainty(maps, segmentation.spread, cleaned.labels)
        cleaning = {"cleaning": cleaning_record(limits, cleaned.given_up)} if limits else {}
        return {"uncertainty": unsure, **cleaning}

    mask = Rethreshold(
        layer,
        segmentation.grid,
        maps.box,
        segmentation.labels,
        lambda thresholds: cleaned_at(thresholds).labels,
        own,
        record_at,
    )
    return State(segmentation, mask, cleaned_at, dict(own))


def find(
    turn: int,
    segmentation: Segmentation,
    thresholds: Mapping[str, float],
    uncertain: Uncertainty | None,
) -> Found | str:
    """Look for uncertainty (unless it is known) and places; a sentence where that failed.

    Runs in a worker, so it raises nothing.
    """
    try:
        known = uncertain if uncertain is not None else uncertainty_of(segmentation)
        maps, regions = segmentation.probabilities, segmentation.regions
        assert maps is not None and known is not None
        labels = maps.labels_in_box(regions, thresholds)
        places = next_places(maps, labels, known, segmentation.grid, regions)
        return Found(turn, dict(thresholds), known, places)
    except Exception as error:
        logging.getLogger(__name__).exception("places could not be looked for")
        return f"Places in doubt could not be looked for: {type(error).__name__}: {error}."
