"""``model.json``: everything a bundle says about its network, as typed, versioned data.

Only pydantic is needed to read one, so that lists of models cost no torch import.
"""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMAT: Final = 1
"""The version of the format this package reads and writes."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Architecture(_Frozen):
    """The network's builder, by name, and its arguments."""

    name: Literal["acs-unet"]
    arguments: dict[str, Any] = Field(default_factory=dict)


class Channel(_Frozen):
    """One input channel: the sequence that fills it, and whether it may be missing."""

    name: str
    required: bool = False


class InputSpec(_Frozen):
    """Model space: what a study is turned into before the network sees it."""

    channels: tuple[Channel, ...] = Field(min_length=1)
    orientation: Literal["LPS"] = "LPS"
    spacing_mm: tuple[float, float, float] = Field(description="x, y, z")
    patch: tuple[int, int, int] = Field(description="z, y, x, in voxels of model space")
    normalisation: Literal["brain-zscore"] = "brain-zscore"
    minimum_sequences: int = 1

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if min(self.spacing_mm) <= 0 or min(self.patch) <= 0:
            raise ValueError("spacing_mm and patch must be positive")
        return self


class Region(_Frozen):
    """One nested region (outermost first); ``label`` marks what no inner region claims."""

    name: str
    title: str
    label: int = Field(ge=1, le=255)
    threshold: float = Field(default=0.5, gt=0, lt=1)


class LabelClass(_Frozen):
    """One value of the label map: its name, title and display colour."""

    value: int = Field(ge=1, le=255)
    name: str
    title: str
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")


class OutputSpec(_Frozen):
    """Nested regions, outermost first, and the label classes they partition into."""

    regions: tuple[Region, ...] = Field(min_length=1)
    labels: tuple[LabelClass, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_label_each(self) -> Self:
        if sorted(r.label for r in self.regions) != sorted(c.value for c in self.labels):
            raise ValueError("every region needs exactly one label class")
        return self


class Weights(_Frozen):
    """The weights file beside ``model.json``, pinned by its hash."""

    file: str = Field(default="weights.safetensors", pattern=r"^[A-Za-z0-9_.-]+\.safetensors$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(gt=0)


class BundleSpec(_Frozen):
    """The whole of ``model.json``."""

    format: Literal[1] = FORMAT
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    version: str
    title: str
    task: Literal["segmentation"]
    architecture: Architecture
    input: InputSpec
    output: OutputSpec
    weights: Weights
    data: tuple[str, ...] = ()
    metrics: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    licence: str
    citation: tuple[str, ...] = ()
    intended_use: str = "Research only. Not a medical device; not for clinical use."

    def label_class(self, value: int) -> LabelClass:
        """Return the label class with this value."""
        return next(c for c in self.output.labels if c.value == value)


GLIOMA_OUTPUT = OutputSpec(
    regions=(
        Region(name="WT", title="whole tumour", label=2),
        Region(name="TC", title="tumour core", label=1),
        Region(name="ET", title="enhancing tumour", label=3),
    ),
    labels=(
        LabelClass(value=1, name="NCR", title="necrotic and non-enhancing core", color="#d62728"),
        LabelClass(value=2, name="ED", title="oedema", color="#2ca02c"),
        LabelClass(value=3, name="ET", title="enhancing tumour", color="#ffd400"),
    ),
)
"""The BraTS regions and label classes, in nesting order WT >= TC >= ET."""
