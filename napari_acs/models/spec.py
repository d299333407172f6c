"""``model.json``: everything a bundle says about its network, as typed, versioned data.

Only pydantic is needed to read one, so that lists of models cost no torch import.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from napari_acs.models.classifier_spec import VOLUME, ClassifierInput, ClassifierSpec, ClassLabel
from napari_acs.models.spec_parts import (
    FORMAT,
    Architecture,
    Channel,
    Described,
    Frozen,
    Weights,
)

__all__ = [
    "ANY_SPEC",
    "FORMAT",
    "GLIOMA_OUTPUT",
    "VOLUME",
    "AnySpec",
    "Architecture",
    "BundleSpec",
    "Channel",
    "ClassLabel",
    "ClassifierInput",
    "ClassifierSpec",
    "InputSpec",
    "LabelClass",
    "OutputSpec",
    "Region",
    "Weights",
]


class InputSpec(Frozen):
    """Model space: what a study is turned into before the network sees it."""

    channels: tuple[Channel, ...] = Field(min_length=1, max_length=32)
    orientation: Literal["LPS", "RAS"] = Field(
        default="LPS", description="where the axes x, y, z of the network's input point"
    )
    axes: Literal["zyx", "xyz"] = Field(
        default="zyx", description="order of the spatial axes of the network's input and output"
    )
    spacing_mm: tuple[float, float, float] = Field(description="x, y, z")
    patch: tuple[int, int, int] = Field(description="z, y, x, in voxels of model space")
    normalisation: Literal[
        "brain-zscore",
        "nonzero-zscore",
        "zscore",
        "nonzero-zscore-shifted",
        "positive-zscore-shifted",
    ] = Field(
        default="brain-zscore",
        description="the first two z-score each sequence over its brain, 0 outside; the first also "
        "cuts outliers off, the second does not (as MONAI and GaNDLF). The others take mean and "
        "deviation of all voxels of the volume, of those that are not 0, or above it, and shift "
        "the background too, to -mean/deviation (as GaNDLF); they need every channel",
    )
    minimum_sequences: int = 1

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if min(self.spacing_mm) <= 0 or min(self.patch) <= 0:
            raise ValueError("spacing_mm and patch must be positive")
        return self

    @model_validator(mode="after")
    def _every_channel_where_the_background_shifts(self) -> Self:
        shifted = self.normalisation not in ("brain-zscore", "nonzero-zscore")
        if shifted and not all(channel.required for channel in self.channels):
            raise ValueError(f"with {self.normalisation} every channel must be required")
        return self


class Region(Frozen):
    """One nested region (outermost first); ``label`` marks what no inner region claims."""

    name: str
    title: str
    label: int = Field(ge=1, le=255)
    threshold: float = Field(default=0.5, gt=0, lt=1)
    minimum_ml: float = Field(
        default=0.0, ge=0, description="a region that is smaller as a whole is given up"
    )
    smallest_part_ml: float = Field(
        default=0.0, ge=0, description="parts of it that hang together and are smaller are given up"
    )
    channels: tuple[int, ...] = Field(
        default=(),
        max_length=32,
        description="channels of the network's output whose probabilities add up to the region's; "
        "left out: the one at the region's own place",
    )


class LabelClass(Frozen):
    """One value of the label map: its name, title and display colour."""

    value: int = Field(ge=1, le=255)
    name: str
    title: str
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")


class OutputSpec(Frozen):
    """Nested regions, outermost first, and the label classes they partition into."""

    regions: tuple[Region, ...] = Field(min_length=1, max_length=32)
    labels: tuple[LabelClass, ...] = Field(min_length=1, max_length=32)
    activation: Literal["nested", "sigmoid", "softmax"] = Field(
        default="nested",
        description="nested: logits of a region given the next outer one; sigmoid: of each region "
        "on its own; softmax: of classes that exclude each other, background first",
    )
    channels: int | None = Field(
        default=None, ge=1, le=64, description="of the network's output; left out: one a region"
    )

    @property
    def channel_count(self) -> int:
        """Channels of the network's output."""
        return self.channels or len(self.regions)

    @model_validator(mode="after")
    def _channels_are_there(self) -> Self:
        named = [channel for region in self.regions for channel in region.channels]
        if any(not 0 <= channel < self.channel_count for channel in named):
            raise ValueError(f"regions name channels outside 0 to {self.channel_count - 1}")
        if self.activation != "softmax" and any(len(r.channels) > 1 for r in self.regions):
            raise ValueError("only classes that exclude each other (softmax) add up to a region")
        if self.channels is not None and not all(r.channels for r in self.regions):
            raise ValueError("every region must name its channels where their number is given")
        return self

    @model_validator(mode="after")
    def _one_label_each(self) -> Self:
        if sorted(r.label for r in self.regions) != sorted(c.value for c in self.labels):
            raise ValueError("every region needs exactly one label class")
        return self


class BundleSpec(Described):
    """The whole ``model.json`` of a segmentation model."""

    task: Literal["segmentation"]
    input: InputSpec
    output: OutputSpec


AnySpec = BundleSpec | ClassifierSpec

ANY_SPEC: Final[TypeAdapter[AnySpec]] = TypeAdapter(Annotated[AnySpec, Field(discriminator="task")])
"""Reads a description of either task: ``task`` says which one it is."""


GLIOMA_OUTPUT = OutputSpec(
    regions=(
        Region(name="WT", title="whole tumour", label=2),
        Region(name="TC", title="tumour core", label=1),
        Region(name="ET", title="enhancing tumour", label=3),
    ),
    labels=(
        LabelClass(value=1, name="NCR", title="necrotic and non-enhancing core", color="#d62728"),
        LabelClass(value=2, name="ED", title="oedema", color="#00a08a"),
        LabelClass(value=3, name="ET", title="enhancing tumour", color="#ffd400"),
    ),
)
"""The BraTS regions and label classes, in nesting order WT >= TC >= ET."""
