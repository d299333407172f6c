"""The folder of a fine-tune that may be killed: what it is of, and the old model's figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput
from napari_acs.models.atomic import file_appears
from napari_acs.models.bundle import sha256_of
from napari_acs.training.checkpoint import has_checkpoint
from napari_acs.training.checks.folders import training_case
from napari_acs.training.finetune.plan import Wish, recipe_of, refuse_untrainable
from napari_acs.training.finetune.split import Split
from napari_acs.training.layouts.labelled import AnyCase
from napari_acs.training.prepare import hash_of
from napari_acs.training.recipe import Recipe

if TYPE_CHECKING:
    from napari_acs.models import Bundle

RECORD, BEFORE = "finetune.json", "before.json"
_OF_CASES = ("masks", "images", "labels")


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
        """Return what a run is recognised by: parent, recipe, and a hash of every file."""
        split = self.split
        sides = {
            "training": split.training,
            "held_out": split.held_out,
            "rehearsed": split.rehearsed,
            "judged": split.judged,
        }
        states = {side: {c.name: _state(c) for c in cases} for side, cases in sides.items()}
        parent = {"id": self.parent.spec.id, "sha256": self.parent.sha256}
        recipe = self.recipe.model_dump(mode="json")
        return {
            "parent": parent,
            "recipe": recipe,
            "freeze_encoder": self.freeze_encoder,
            "phantoms": self.phantoms,
            **{
                part: {
                    side: {name: state[part] for name, state in cases.items()}
                    for side, cases in states.items()
                }
                for part in _OF_CASES
            },
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


def refuse_another(record: Mapping[str, Any], run: Path) -> None:
    """Make sure that a run that goes on is of the same; nothing is written.

    Parameters
    ----------
    record : mapping
        See `Plan.record`.
    run : Path
        Its folder.

    Raises
    ------
    BadInput
        If the folder holds the run of another fine-tune, or an image or a mask changed since.
    """
    file = run / RECORD
    if not file.is_file():
        if has_checkpoint(run):
            raise BadInput(f"{run} holds another kind of training", do="Choose another --run")
        return
    found = _read(file)
    if found != record:
        raise BadInput(
            f"{run} holds the run of another fine-tune",
            found=f"other {_different(found, record)}",
            do="Give the same data and options to go on with it, or choose another --run",
        )


def begin(record: Mapping[str, Any], run: Path) -> None:
    """Write what a run is of, once its data were found good; see `refuse_another`."""
    refuse_another(record, run)
    if not (run / RECORD).is_file():
        # Figures of data that nobody knows any more would be compared with those after.
        (run / BEFORE).unlink(missing_ok=True)
        _write(run / RECORD, record)


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


def _different(found: Any, wanted: Mapping[str, Any]) -> str:
    if not isinstance(found, dict):
        return "content"
    return " and ".join(
        key.replace("_", " ") + _which(found.get(key), wanted[key], of_cases=key in _OF_CASES)
        for key in wanted
        if found.get(key) != wanted[key]
    )


def _which(found: Any, wanted: Mapping[str, Any], *, of_cases: bool) -> str:
    """Name the cases that differ, in brackets; nothing where there are none to name."""
    if not of_cases or not isinstance(found, dict):
        return ""
    then, now = (_flat(sides) for sides in (found, wanted))
    names = sorted({name for (_, name), _ in then ^ now})
    return f" ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})" if names else ""


def _flat(sides: Mapping[str, Mapping[str, str]]) -> set[tuple[tuple[str, str], str]]:
    return {((side, name), value) for side, cases in sides.items() for name, value in cases.items()}


def _state(of: AnyCase) -> dict[str, str]:
    """Return what tells one state of a case from another."""
    case = training_case(of)
    assert case.mask is not None
    scheme = case.scheme and [sorted(values) for values in vars(case.scheme).values()]
    return {
        "masks": sha256_of(case.mask),
        "images": hash_of(replace(case, mask=None, scheme=None), (), 0.0),
        "labels": str(scheme or "as in BraTS"),
    }
