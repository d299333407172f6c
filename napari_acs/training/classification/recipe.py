"""The recipe of a classifier: a small YAML file, typed and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from napari_acs.errors import BadInput
from napari_acs.models.spec import ClassifierInput, ClassLabel
from napari_acs.training.recipe import Augmentation, RunPlan

_Margin = Annotated[int, Field(ge=0)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Derived(_Frozen):
    """A label that follows from a case's own reference mask, by the size of one region."""

    region: Literal["WT", "TC", "ET"]
    at_least_ml: float = Field(
        gt=0, description="the second class from this volume on, the first below"
    )


class Phantoms(_Frozen):
    """Made-up studies to train on besides the cases; their label is derived."""

    count: int = Field(default=0, ge=0, description="to train on")
    fresh: int = Field(default=0, ge=0, description="others, to judge by")
    steps: int = Field(
        default=0, ge=0, description="on phantoms alone, once, before any case is seen"
    )
    share: float = Field(default=0.5, ge=0, le=1, description="of a batch, beside cases")
    options: dict[str, Any] = Field(default_factory=dict, description="of PhantomOptions")


class ClassificationRecipe(RunPlan):
    """Everything that decides the training of a classifier, but the data's place."""

    task: Literal["classification"]
    architecture: dict[str, Any]
    input: ClassifierInput
    classes: tuple[ClassLabel, ...] = Field(min_length=2, max_length=64)
    labels: Path | None = Field(
        default=None,
        description="CSV with the columns case, label and, as the case may be, patient; without "
        "it and without `derived` the data set must say the class of each case",
    )
    derived: Derived | None = None
    augmentation: Augmentation = Augmentation(drop_sequences=0.0)
    margin: tuple[_Margin, _Margin, _Margin] = Field(
        default=(6, 6, 6), description="voxels (z, y, x) round the box that it is moved within"
    )
    balanced: bool = Field(default=True, description="every class is drawn equally often")
    class_weights: tuple[float, ...] = Field(
        default=(), description="of the loss, one a class in their order; none: all alike"
    )
    label_smoothing: float = Field(default=0.05, ge=0, lt=1)
    folds: int = Field(default=5, ge=2, description="of the cross-validation, by patient")
    phantoms: Phantoms = Phantoms()
    mirrored: bool = Field(
        default=False, description="the mirror image of every box is looked at too, in use"
    )
    ships: Literal["final", "folds"] = Field(
        default="final",
        description="one network trained on all cases, or those of the folds as an ensemble",
    )
    calibration: Literal["temperature", "isotonic"] = Field(
        default="temperature", description="isotonic curves need hundreds of cases"
    )
    conformal: Literal["per-class", "marginal"] = "per-class"
    coverage: float = Field(default=0.9, gt=0, lt=1, description="of the prediction sets")
    site_is_class: Literal["refused", "allowed"] = "refused"
    abstain_below: float = Field(default=0.0, ge=0, le=1)
    about: str = Field(default="", description="the card's first words: what it does and does not")
    intended_use: str = "Research only. Not a medical device; not for clinical use."

    @model_validator(mode="after")
    def _one_source_of_labels(self) -> Self:
        if self.labels is not None and self.derived is not None:
            raise ValueError("give either labels (a CSV) or derived")
        if self.derived is not None and len(self.classes) != 2:
            raise ValueError("a derived label tells two classes apart")
        weights = self.class_weights
        if weights and (len(weights) != len(self.classes) or min(weights) <= 0):
            raise ValueError("class_weights needs a positive number for every class")
        if self.derived is None and self.phantoms.count + self.phantoms.fresh:
            raise ValueError("phantoms have derived labels only")
        return self

    @model_validator(mode="after")
    def _steps_are_fixed(self) -> Self:
        if self.patience or self.publish == "best":
            raise ValueError(
                "patience and publish: best are not for a classifier, each of whose networks is "
                "trained for `steps` and ships as it is then; leave them out"
            )
        return self


def read_classification(path: Path) -> ClassificationRecipe:
    """Read a classifier's recipe; a labels CSV is looked for beside it.

    Raises
    ------
    BadInput
        If the file is not YAML, or says something that such a recipe cannot.
    """
    import yaml  # noqa: PLC0415

    try:
        recipe = ClassificationRecipe.model_validate(
            yaml.safe_load(path.read_text(encoding="utf-8"))
        )
    except yaml.YAMLError as error:
        raise BadInput(f"Recipe {path} is not valid YAML", found=str(error)) from error
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise BadInput(f"Recipe {path} has mistakes", found="; ".join(faults)) from error
    if recipe.labels is None:
        return recipe
    return recipe.model_copy(update={"labels": path.parent / recipe.labels})
