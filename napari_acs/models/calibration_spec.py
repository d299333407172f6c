"""What a classifier's ``model.json`` stores of held-out cases: calibration, scores and truth."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from napari_acs.models.spec_parts import Frozen

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class ReliabilityBin(Frozen):
    """Held-out predictions of similar height: their mean, and how often they came true."""

    predicted: Share
    observed: Share
    count: int = Field(gt=0)


class IsotonicKnots(Frozen):
    """A rising curve of one class: straight between its knots, level outside them."""

    scores: tuple[Share, ...] = Field(min_length=1, max_length=10_000)
    values: tuple[Share, ...] = Field(min_length=1, max_length=10_000)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if len(self.scores) != len(self.values):
            raise ValueError("every knot needs a score and a value")
        if any(b <= a for a, b in zip(self.scores, self.scores[1:], strict=False)):
            raise ValueError("the scores of the knots must rise")
        if any(b < a for a, b in zip(self.values, self.values[1:], strict=False)):
            raise ValueError("the values of the knots must not fall")
        return self


class Calibration(Frozen):
    """How scores become probabilities, and how reliable those are on held-out cases."""

    isotonic: tuple[IsotonicKnots, ...] = Field(
        default=(), description="one a class, after the temperature; none: the temperature alone"
    )
    before: tuple[ReliabilityBin, ...] = ()
    after: tuple[ReliabilityBin, ...] = ()
    ece_before: Share | None = None
    ece_after: Share | None = None


class HeldOutScores(Frozen):
    """Scores of cases whose patients the network did not see, and their true classes.

    Intervals and prediction sets are computed from them anew for every study.
    """

    scores: tuple[tuple[Share, ...], ...] = Field(
        min_length=1,
        max_length=10_000,
        description="a row a case, a column a class: after the temperature, before isotonic",
    )
    truth: tuple[tuple[int, ...], ...] = Field(
        description="a row a case: the numbers (from 0) of its classes; one where they exclude"
    )
    coverage: float = Field(default=0.9, gt=0, lt=1)
    conformal: Literal["per-class", "marginal"] = Field(
        default="per-class", description="whether the coverage holds within every class, or overall"
    )


def refuse_misfit(
    classes: int, exclusive: bool, calibration: Calibration | None, held: HeldOutScores | None
) -> None:
    """Raise ValueError where stored figures do not fit the number of classes."""
    if calibration and calibration.isotonic and len(calibration.isotonic) != classes:
        raise ValueError("isotonic calibration needs one curve for every class")
    if held is None:
        return
    if len(held.scores) != len(held.truth):
        raise ValueError("every held-out case needs scores and a truth")
    if any(len(row) != classes for row in held.scores):
        raise ValueError("every held-out case needs one score for every class")
    if any(not 0 <= k < classes for row in held.truth for k in row):
        raise ValueError(f"the truth of held-out cases must lie within 0 to {classes - 1}")
    if any(len(set(row)) != len(row) or (exclusive and len(row) != 1) for row in held.truth):
        raise ValueError("a held-out case has each class once, and only one where they exclude")
