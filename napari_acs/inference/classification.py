"""What a classification job ends with; its other messages are those of a segmentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_acs.inference.messages import Failure, Progress

if TYPE_CHECKING:
    from napari_acs.models.spec import ClassLabel


@dataclass(frozen=True)
class Outlier:
    """How unlike the images of training a study looks to the network.

    Attributes
    ----------
    distance : float
        Mahalanobis distance of the pooled features from those of training; see
        `napari_acs.inference.classify_outlier`.
    limit : float
        The distance that 95 of 100 held-out studies keep below, as far as their number tells.
    far : bool
        Whether the distance is above the limit: the probabilities then mean nothing.
    reason : str
        A sentence to show.
    """

    distance: float
    limit: float
    far: bool
    reason: str


@dataclass(frozen=True)
class Classification:
    """What a classifier says of a study, and how it came about.

    Attributes
    ----------
    classes : tuple of ClassLabel
        Of the model, in its order.
    probabilities : mapping of str to float
        Of every class by name, calibrated as the bundle says; they add up to 1 where the classes
        exclude each other.
    named : tuple of str
        The class that is named; none where the model abstains: no class is as probable as
        ``abstain_below``, the study is an outlier, or the prediction set is no help. Of
        classes that do not exclude each other, all that are probable enough.
    abstain_below : float
    intervals : mapping of str to (float, float)
        By class, the two ends of a Venn-Abers prediction by the bundle's held-out cases: a wide one
        tells of few cases like this one. It is no confidence interval, and ``probabilities`` may
        lie outside it. Empty where the bundle stores no such cases.
    prediction_set : tuple of str or None
        The classes that a conformal predictor cannot rule out at ``coverage``; None where the
        bundle stores no held-out cases.
    coverage : float or None
        How often such sets hold the true class, at least, for patients like those of calibration.
    outlier : Outlier or None
        None where the bundle knows nothing of its training's features.
    provenance : mapping
        JSON-ready: model id and sha256, package version, device, input hashes, which mask, time.
    seconds : mapping of str to float
        Wall time of each stage, by stage name.
    """

    classes: tuple[ClassLabel, ...]
    probabilities: Mapping[str, float]
    named: tuple[str, ...]
    abstain_below: float
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    prediction_set: tuple[str, ...] | None = None
    coverage: float | None = None
    outlier: Outlier | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def sentence(self) -> str:
        """Say in words what was found."""
        titles = {one.name: one.title for one in self.classes}
        each = ", ".join(f"{name} {p:.2f}" for name, p in self.probabilities.items())
        if self.named:
            return f"{'; '.join(titles[name] for name in self.named)} ({each})."
        return f"No class is named: {self._why_not()} ({each})."

    def _why_not(self) -> str:
        if self.outlier is not None and self.outlier.far:
            return self.outlier.reason.rstrip(".")
        low = self.abstain_below
        if low > 0 and max(self.probabilities.values()) < low:
            return f"none reaches {low:g}"
        found = self.prediction_set
        if found is not None and len(found) == len(self.classes):
            return f"none can be ruled out at a coverage of {self.coverage:g}"
        if found is not None and not found:
            return f"none fits at a coverage of {self.coverage:g}"
        if (
            found is not None
            and max(self.probabilities, key=self.probabilities.__getitem__) not in found
        ):
            return f"the most probable is ruled out at a coverage of {self.coverage:g}"
        return f"none reaches {low:g}"


@dataclass(frozen=True)
class Classified:
    """The job ended well; ``notes`` are sentences worth showing."""

    classification: Classification
    notes: tuple[str, ...] = ()


ClassifyMessage = Progress | Classified | Failure
