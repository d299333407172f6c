"""``model.json`` of a classifier: what it sees, its classes, and how far it is to be trusted."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from napari_acs.models.calibration_spec import Calibration, HeldOutScores, refuse_misfit
from napari_acs.models.feature_spec import TrainingFeatures
from napari_acs.models.spec_parts import Channel, Described, Frozen

VOLUME: Final = "volume"
"""The only channel of a classifier that is given any one volume, whatever its sequence."""


class ClassifierInput(Frozen):
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


class ClassLabel(Frozen):
    """One class: its name in files, and its title for people."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.+-]+$")
    title: str


class ClassifierSpec(Described):
    """The whole ``model.json`` of a classifier."""

    task: Literal["classification"]
    input: ClassifierInput
    classes: tuple[ClassLabel, ...] = Field(min_length=2, max_length=64)
    activation: Literal["softmax", "sigmoid"] = Field(
        default="softmax", description="sigmoid: classes that do not exclude each other"
    )
    temperature: float = Field(
        default=1.0,
        ge=1e-3,
        le=1e3,
        description="logits are divided by it: calibration on held-out data. Beyond these bounds "
        "nothing is left of them, or their quotients overflow",
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
