"""A training recipe: a small YAML file, typed and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_acs.errors import BadInput


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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


class Recipe(_Frozen):
    """Everything that decides a training run, but the data's place."""

    id: str
    version: str = "1.0.0"
    title: str
    task: Literal["segmentation"] = "segmentation"
    architecture: dict[str, Any]
    sequences: tuple[str, ...] = ("t1", "t1ce", "t2", "flair")
    spacing_mm: float = Field(default=2.0, gt=0)
    train_patch: tuple[int, int, int] = (64, 64, 64)
    patch: tuple[int, int, int] = (96, 96, 96)
    batch: int = Field(default=2, ge=1)
    steps: int = Field(default=6000, ge=1)
    decay_steps: int = Field(default=1500, ge=0)
    learning_rate: float = 1e-3
    encoder_rate: float = Field(default=0.3, description="encoder's share of the learning rate")
    weight_decay: float = 1e-2
    precision: Literal["fp32", "bf16"] = "fp32"
    ema: float = 0.998
    deep_supervision: bool = Field(
        default=False, description="losses at coarser decoder stages; nothing of it ships"
    )
    tumour_share: float = Field(default=0.75, description="patches centred near tumour")
    phantom_share: float = Field(default=0.2, description="samples that are phantoms")
    phantom_every: int = Field(default=8, description="steps between new phantoms")
    validate_every: int = 400
    publish: Literal["last", "best"] = Field(
        default="last",
        description="which averaged network ships: that of the end, or that with the best mean "
        "validation Dice, whose figures on the validation cases are then flattering",
    )
    seed: int = 0
    validation: tuple[str, ...] = Field(description="case names that are never trained on")
    exclude: tuple[str, ...] = ()
    augmentation: Augmentation = Augmentation()
    data: tuple[str, ...] = ()
    licence: str = "Apache-2.0"
    citation: tuple[str, ...] = ()


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


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    BadInput
        If the file is not YAML, or says something a recipe cannot.
    """
    try:
        import yaml  # noqa: PLC0415
    except ImportError as error:
        raise BadInput(
            "Recipes are YAML, and PyYAML is not installed",
            do="Install it with: pip install 'napari-acs[train]'",
        ) from error

    try:
        return Recipe.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise BadInput(f"Recipe {path} is not valid YAML", found=str(error)) from error
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise BadInput(f"Recipe {path} has mistakes", found="; ".join(faults)) from error
