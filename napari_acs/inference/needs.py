"""What a model needs of a study, from its bundle's description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.imaging.check.needs import Needs
from napari_acs.models.stated import stated_subsets

if TYPE_CHECKING:
    from napari_acs.models.spec import AnySpec


def needs_of(spec: AnySpec) -> Needs:
    """Return what a study is held against before this model sees it."""
    subsets = stated_subsets(spec.metrics)
    counts = {stated.cases for stated in subsets.values()}
    return Needs(
        channels=tuple(channel.name for channel in spec.input.channels),
        required=tuple(channel.name for channel in spec.input.channels if channel.required),
        minimum=spec.input.minimum_sequences,
        spacing_mm=spec.input.spacing_mm,
        skull_stripped=spec.input.normalisation != "robust",
        costs={key: stated.dice for key, stated in subsets.items()},
        cost_cases=counts.pop() if len(counts) == 1 else 0,
    )
