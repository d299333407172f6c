"""What a classifier's ``model.json`` stores of the features of its training."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from napari_acs.models.spec_parts import Frozen

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Row = Annotated[tuple[Number, ...], Field(max_length=100_000)]


class Gaussian(Frozen):
    """A normal distribution of few axes and even noise: probabilistic PCA (Tipping & Bishop 1999).

    Features are centred, divided by their scale, and split into what the axes explain and the rest.
    """

    centre: Row = Field(min_length=1)
    scale: Annotated[tuple[Positive, ...], Field(max_length=100_000)]
    axes: tuple[Row, ...] = Field(max_length=64, description="orthonormal, a row an axis")
    variances: tuple[Positive, ...] = Field(description="along the axes")
    rest: Positive = Field(description="variance of every direction that no axis explains")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        lengths = {len(self.centre), len(self.scale), *map(len, self.axes)}
        if len(lengths) > 1 or len(self.axes) != len(self.variances):
            raise ValueError("centre, scale and axes of the features differ in length")
        return self


class TrainingFeatures(Frozen):
    """How the studies of training look to each member, and how far held-out ones lie from them."""

    members: tuple[Gaussian, ...] = Field(
        min_length=1, max_length=64, description="one for every network of the ensemble"
    )
    limit: Positive = Field(description="Mahalanobis distance, the mean over the members")
    level: float = Field(
        default=0.95,
        gt=0,
        lt=1,
        description="share of studies like those held out within the limit",
    )
    cases: int = Field(gt=0, description="held-out studies that the limit is of")
