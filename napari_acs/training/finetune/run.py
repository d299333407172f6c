"""The folder of a fine-tune that may be killed: what it is of, and the old model's figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput
from napari_acs.inference.reference import find_mask
from napari_acs.models.atomic import file_appears
from napari_acs.models.bundle import sha256_of
from napari_acs.training.checkpoint import has_checkpoint
from napari_acs.training.finetune.plan import Wish, recipe_of, refuse_untrainable
from napari_acs.training.finetune.split import Split
from napari_acs.training.recipe import Recipe

if TYPE_CHECKING:
    from napari_acs.models import Bundle

RECORD = "finetune.json"


@dataclass(frozen=True)
class Plan:
    """Everything that decides a fine-tune.

    Attributes
    ----------
    parent : Bundle
        The model that is tuned; it is only read.
    recipe : Recipe
    split : Split
    freeze_encoder : bool
    phantoms : int
        How many fresh phantoms of each kind the models are judged on as well.
    """

    parent: Bundle
    recipe: Recipe
    split: Split
    freeze_encoder: bool
    phantoms: int = 0

    def record(self) -> dict[str, Any]:
        """Return what a run is recognised by: the parent, the recipe, and every mask's hash."""
        sides = {
            side: {case.name: sha256_of(find_mask(case)) for case in cases}
            for side, cases in asdict(self.split).items()
            if side != "left_out"
        }
        parent = {"id": self.parent.spec.id, "sha256": self.parent.sha256}
        recipe = self.recipe.model_dump(mode="json")
        return {
            "parent": parent,
            "recipe": recipe,
            "freeze_encoder": self.freeze_encoder,
            "phantoms": self.phantoms,
            "masks": sides,
        }


def plan_of(parent: Bundle, split: Split, wish: Wish, phantoms: int = 0) -> Plan:
    """Return the plan of a fine-tune; see `refuse_untrainable` and `recipe_of` for refusals."""
    spec = refuse_untrainable(parent.spec)
    if wish.id == spec.id:
        raise BadInput(
            f"The new model would have the id of the old one, {spec.id!r}",
            do="Give another one with --id",
        )
    names = [case.name for case in split.held_out]
    recipe = recipe_of(spec, wish, names, rehearsed=bool(split.rehearsed))
    return Plan(parent, recipe, split, wish.freeze_encoder, phantoms)


def begin(plan: Plan, run: Path) -> None:
    """Write what a run is of, or make sure that a run that goes on is of the same.

    Raises
    ------
    BadInput
        If the folder holds the run of another fine-tune, or a mask changed since.
    """
    file = run / RECORD
    wanted = plan.record()
    if not file.is_file():
        if has_checkpoint(run):
            raise BadInput(f"{run} holds another kind of training", do="Choose another --run")
        _write(file, wanted)
        return
    found = _read(file)
    if found != wanted:
        raise BadInput(
            f"{run} holds the run of another fine-tune",
            found=f"other {_different(found, wanted)}",
            do="Give the same data and options to go on with it, or choose another --run",
        )


def remembered(file: Path, measure: Callable[[], Any]) -> Any:
    """Return what is in a JSON file, or measure it and write it there."""
    if file.is_file():
        return _read(file)
    value = measure()
    _write(file, value)
    return _read(file)  # as a run that goes on reads it


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{file} cannot be read", found=str(error), do="Choose another --run"
        ) from error


def _write(file: Path, value: Any) -> None:
    with file_appears(file, replace=True) as staging:
        staging.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")


def _different(found: Any, wanted: dict[str, Any]) -> str:
    if not isinstance(found, dict):
        return "content"
    names = [key for key in wanted if found.get(key) != wanted[key]]
    return _and(names)


def _and(names: Sequence[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)
