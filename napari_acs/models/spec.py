"""``model.json``: everything a bundle says about its network, as typed, versioned data.

Only pydantic is needed to read one, so that lists of models cost no torch import.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from napari_acs.models.calibration_spec import Calibration, HeldOutScores, refuse_misfit
from napari_acs.models.feature_spec import TrainingFeatures

FORMAT: Final = 3
"""The version of the format that this package writes; it reads 1 and 2 as well.

2 added ``status``, ``origin``, ``requires``, ``input.axes``, the other normalisations and
orientation, ``output.activation``, ``output.channels`` and a region's ``channels``; what a file of
format 1 leaves out has the meaning that it had there. 3 added the task ``classification``
(`ClassifierSpec`), and a region's ``minimum_ml`` and ``smallest_part_ml``.
"""


VOLUME: Final = "volume"
"""The only channel of a classifier that is given any one volume, whatever its sequence."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Architecture(_Frozen):
    """The network's builder, by name (see ``models/networks.py``), and its arguments."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    arguments: dict[str, Any] = Field(default_factory=dict)


class Channel(_Frozen):
    """One input channel: the sequence that fills it, and whether it may be missing."""

    name: str
    required: bool = False


class InputSpec(_Frozen):
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


class Region(_Frozen):
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


class LabelClass(_Frozen):
    """One value of the label map: its name, title and display colour."""

    value: int = Field(ge=1, le=255)
    name: str
    title: str
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")


class OutputSpec(_Frozen):
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


class Weights(_Frozen):
    """The weights file beside ``model.json``, pinned by its hash."""

    file: str = Field(default="weights.safetensors", pattern=r"^[A-Za-z0-9_.-]+\.safetensors$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(gt=0)


class _Described(_Frozen):
    """What every ``model.json`` says, whatever its task."""

    format: Literal[1, 2, 3] = FORMAT
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    version: str
    title: str
    status: Literal["trained", "untrained"] = Field(
        default="trained", description="an untrained one has a fresh head and may not predict"
    )
    origin: str = Field(
        default="", description="what it was imported from: tool, version, file and its sha256"
    )
    requires: tuple[str, ...] = Field(
        default=(), description="extras of this package that its network needs, such as monai"
    )
    architecture: Architecture
    weights: Weights
    data: tuple[str, ...] = ()
    metrics: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    licence: str
    citation: tuple[str, ...] = ()
    intended_use: str = "Research only. Not a medical device; not for clinical use."


class BundleSpec(_Described):
    """The whole ``model.json`` of a segmentation model."""

    task: Literal["segmentation"]
    input: InputSpec
    output: OutputSpec

    def label_class(self, value: int) -> LabelClass:
        """Return the label class with this value."""
        return next(c for c in self.output.labels if c.value == value)


class ClassifierInput(_Frozen):
    """What a classifier sees: a box of fixed size, cut from the study in its own spacing."""

    channels: tuple[Channel, ...] = Field(
        min_length=1,
        max_length=32,
        description='sequences; a classifier of single volumes has one channel, "volume"',
    )
    spacing_mm: tuple[float, float, float] = Field(description="x, y, z")
    size: tuple[int, int, int] = Field(description="z, y, x, in voxels; padded with 0")
    centre: Literal["volume", "mask"] = Field(
        default="volume", description="the box's centre: that of the head or brain, or of the mask"
    )
    mask_channel: bool = Field(
        default=False, description="whether the mask (0 or 1) comes as a last channel"
    )
    normalisation: Literal["brain-zscore", "robust"] = Field(
        default="brain-zscore",
        description="robust: of whole volumes, with a skull or without, on which air stays 0",
    )
    minimum_sequences: int = 1

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if min(self.spacing_mm) <= 0 or min(self.size) <= 0:
            raise ValueError("spacing_mm and size must be positive")
        return self

    @model_validator(mode="after")
    def _volume_stands_alone(self) -> Self:
        if len(self.channels) > 1 and any(channel.name == VOLUME for channel in self.channels):
            raise ValueError(f'"{VOLUME}" stands for any one volume and must be the only channel')
        return self

    @property
    def channel_count(self) -> int:
        """Channels of the network's input."""
        return len(self.channels) + self.mask_channel

    @property
    def needs_mask(self) -> bool:
        """Whether nothing can be said without a mask."""
        return self.mask_channel or self.centre == "mask"


class ClassLabel(_Frozen):
    """One class: its name in files, and its title for people."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.+-]+$")
    title: str


class ClassifierSpec(_Described):
    """The whole ``model.json`` of a classifier."""

    task: Literal["classification"]
    input: ClassifierInput
    classes: tuple[ClassLabel, ...] = Field(min_length=2, max_length=64)
    activation: Literal["softmax", "sigmoid"] = Field(
        default="softmax", description="sigmoid: classes that do not exclude each other"
    )
    temperature: float = Field(
        default=1.0, gt=0, description="logits are divided by it: calibration on held-out data"
    )
    abstain_below: float = Field(
        default=0.0, ge=0, le=1, description="no class is named at a lower probability"
    )
    calibration: Calibration | None = None
    held_out: HeldOutScores | None = None
    features: TrainingFeatures | None = Field(
        default=None, description="by which a study unlike those of training is told"
    )

    @model_validator(mode="after")
    def _classes_differ(self) -> Self:
        if len({one.name for one in self.classes}) != len(self.classes):
            raise ValueError("every class needs a name of its own")
        exclusive = self.activation == "softmax"
        refuse_misfit(len(self.classes), exclusive, self.calibration, self.held_out)
        return self


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
        LabelClass(value=2, name="ED", title="oedema", color="#2ca02c"),
        LabelClass(value=3, name="ET", title="enhancing tumour", color="#ffd400"),
    ),
)
"""The BraTS regions and label classes, in nesting order WT >= TC >= ET."""
