"""A training recipe: a small YAML file, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from napari_acs.errors import BadInput
from napari_acs.models.spec_parts import ID

_Side = Annotated[int, Field(ge=1)]
_SEEDS: Final = 2**32 - 1
"""The largest seed: scikit-learn takes no more, and torch's are multiples of it in 64 bits."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Augmentation(_Frozen):
    """How far, and how often, a patch is changed before the network sees it."""

    rotation_degrees: float = 20.0
    scale: tuple[float, float] = (0.8, 1.25)
    elastic_mm: float = 6.0
    drop_sequences: float = Field(default=0.45, ge=0, le=1)
    intensity: float = Field(default=1.0, ge=0, description="strength, 1 is the default")
    carve: float = Field(
        default=0.0, ge=0, le=1, description="patches that get another case's tumour"
    )
    unenhanced: float = Field(
        default=0.0, ge=0, le=1, description="patches whose enhancement is taken away"
    )


class RunPlan(_Frozen):
    """What the training loop needs to know of any recipe; every task's recipe is one."""

    id: str = Field(pattern=ID)
    version: str = "1.0.0"
    title: str
    batch: int = Field(default=2, ge=1)
    shares: int = Field(
        default=1,
        ge=1,
        description="parts that a batch is computed in, one after the other or each by a process "
        "of its own; batch statistics and a Dice over the batch are those of a part",
    )
    steps: int = Field(default=6000, ge=1)
    warm_up_steps: int = Field(default=100, ge=0)
    decay_steps: int = Field(default=1500, ge=0)
    learning_rate: float = Field(default=1e-3, gt=0)
    encoder_rate: float = Field(
        default=0.3, ge=0, description="encoder's share of the learning rate"
    )
    weight_decay: float = Field(default=1e-2, ge=0)
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    ema: float = Field(default=0.998, ge=0, le=1)
    validate_every: int = Field(default=400, ge=1)
    checkpoint_every: int = Field(
        default=100, ge=0, description="steps; 0: only when a validation is due"
    )
    patience: int = Field(
        default=0, ge=0, description="validations without a better score that end a run; 0: never"
    )
    publish: Literal["last", "best"] = Field(
        default="last",
        description="which averaged network ships: that of the end, or that with the best mean "
        "validation Dice, whose figures on the validation cases are then flattering",
    )
    seed: int = Field(default=0, ge=0, le=_SEEDS)
    data: tuple[str, ...] = ()
    licence: str = "Apache-2.0"
    citation: tuple[str, ...] = ()

    @property
    def weights_licence(self) -> str:
        """Of the weights, as ``model.json`` and the card say it: they come from data with terms."""
        return f"{self.licence}, and the terms of the training data"

    @model_validator(mode="after")
    def _shares_are_equal(self) -> Self:
        if self.batch % self.shares:
            raise ValueError(f"a batch of {self.batch} has no {self.shares} equal shares")
        return self


class Recipe(RunPlan):
    """Everything that decides the training of a segmentation model, but the data's place."""

    task: Literal["segmentation"] = "segmentation"
    architecture: dict[str, Any]
    sequences: tuple[str, ...] = Field(default=("t1", "t1ce", "t2", "flair"), min_length=1)
    spacing_mm: float = Field(default=2.0, gt=0)
    train_patch: tuple[_Side, _Side, _Side] = (64, 64, 64)
    patch: tuple[_Side, _Side, _Side] = (96, 96, 96)
    deep_supervision: bool = Field(
        default=False, description="losses at coarser decoder stages; nothing of it ships"
    )
    tumour_share: float = Field(default=0.75, ge=0, le=1, description="patches centred near tumour")
    phantom_share: float = Field(
        default=0.2, ge=0, le=1, description="samples that are phantoms; 1 needs no cases"
    )
    phantom_every: int = Field(default=8, ge=1, description="steps between new phantoms")
    phantoms_first: int = Field(
        default=0, ge=0, description="steps at the start that see phantoms only"
    )
    validation: tuple[str, ...] = Field(
        default=(), description="case names that are never trained on"
    )
    validation_phantoms: int = Field(
        default=0, ge=0, description="fresh phantoms that are validated on too"
    )
    exclude: tuple[str, ...] = ()
    may_lack: tuple[str, ...] = Field(
        default=(), description="sequences that a case to train on may do without"
    )
    augmentation: Augmentation = Augmentation()

    @property
    def needs_phantoms(self) -> bool:
        """Whether the cache must hold the tissue maps that phantoms are drawn from."""
        return self.phantom_share > 0 or self.phantoms_first > 0 or self.validation_phantoms > 0

    @model_validator(mode="after")
    def _each_sequence_once(self) -> Self:
        twice = sorted({key for key in self.sequences if self.sequences.count(key) > 1})
        if twice:
            raise ValueError(f"sequences names {', '.join(twice)} more than once")
        others = [key for key in self.may_lack if key not in self.sequences]
        if others:
            raise ValueError(f"may_lack names {', '.join(others)}, which sequences does not")
        return self

    @model_validator(mode="after")
    def _something_to_validate_on(self) -> Self:
        if not (self.validation or self.validation_phantoms) and (
            self.patience or self.publish == "best"
        ):
            raise ValueError(
                "patience and publish: best go by validation; name validation cases, or set "
                "validation_phantoms"
            )
        return self


R = TypeVar("R", bound=RunPlan)


def find_recipe(name_or_path: str) -> Path:
    """Return the file of a recipe given by its path, or by the name of a shipped one.

    Raises
    ------
    BadInput
        If it is neither.
    """
    shipped = Path(__file__).parent / "recipes"
    for file in (Path(name_or_path), shipped / f"{name_or_path}.yaml"):
        if file.is_file():
            return file
    names = ", ".join(sorted(file.stem for file in shipped.glob("*.yaml")))
    raise BadInput(f"Recipe {name_or_path} is not there", expected=f"a file, or one of {names}")


def read_recipe(path: Path, changes: Mapping[str, Any] = MappingProxyType({})) -> Recipe:
    """Read the recipe of a segmentation model.

    Parameters
    ----------
    path : Path
        A YAML file.
    changes : mapping
        Fields to use instead of the file's.

    Raises
    ------
    BadInput
        If the file is not YAML, or says something a recipe cannot.
    """
    return checked(Recipe, read_fields(path, changes), path)


def read_fields(path: Path, changes: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Read the fields of any recipe, unchecked.

    Raises
    ------
    BadInput
        If the file is not YAML, or no list of fields.
    """
    try:
        import yaml  # noqa: PLC0415
    except ImportError as error:
        raise BadInput(
            "Recipes are YAML, and PyYAML is not installed",
            do="Install it with: pip install 'napari-acs[train]'",
        ) from error
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"Recipe {path} is not valid YAML", found=str(error)) from error
    if not isinstance(fields, dict):
        raise BadInput(f"Recipe {path} has mistakes", found="no fields", expected="id: NAME, ...")
    return {**fields, **changes}


def parse_changes(changes: Sequence[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE``, where the value is YAML, as on the command line.

    Raises
    ------
    BadInput
        If one is not of that form.
    """
    import yaml  # noqa: PLC0415

    fields = {}
    for change in changes:
        key, equals, value = change.partition("=")
        try:
            fields[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise BadInput(f"--set {change} is not valid YAML", found=str(error)) from error
        if not equals:
            raise BadInput(f"--set {change} is not understood", expected="KEY=VALUE")
    return fields


def checked(kind: type[R], fields: Mapping[str, Any], path: Path) -> R:
    """Return the fields as a recipe of a task.

    Raises
    ------
    BadInput
        If they say something such a recipe cannot; ``path`` is what the refusal names.
    """
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        faults = [fault.removeprefix(": ") for fault in faults]  # what is wrong between fields
        raise BadInput(f"Recipe {path} has mistakes", found="; ".join(faults)) from error
