"""Going on from a checkpoint: with the recipe that the run was begun with, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from napari_acs.errors import BadInput
from napari_acs.training.recipe import RunPlan
from napari_acs.training.schedule import learning_rate

_FREE: Final = {
    *("id", "version", "title", "data", "licence", "citation", "publish", "patch"),
    *("checkpoint_every", "patience"),
}
"""Fields that do not change the steps that were made."""
_SCHEDULE: Final = {"steps", "decay_steps"}


def refuse_another_recipe(run: Path, plan: RunPlan, begun: Mapping[str, Any], done: int) -> None:
    """Raise a ``BadInput`` that names the fields in which a recipe differs from the run's own.

    ``steps`` and ``decay_steps`` may differ as long as the steps made had the rates they would
    have now: a run may be made longer before it decays.

    Parameters
    ----------
    run : Path
    plan : RunPlan
        What is asked for now.
    begun : mapping
        The recipe in the checkpoint, as JSON.
    done : int
        Steps made.
    """
    asked = plan.model_dump(mode="json")
    free = _FREE | (_SCHEDULE if _same_rates(plan, begun, done) else set())
    other = [k for k in {**begun, **asked} if begun.get(k) != asked.get(k) and k not in free]
    if other:
        raise BadInput(
            f"The run in {run} was begun with another recipe",
            found=", ".join(f"{key}: {asked.get(key)}" for key in other),
            expected=", ".join(f"{key}: {begun.get(key)}" for key in other),
            do=f"Give its own recipe ({run / 'recipe.yaml'}), or begin in another folder (--run)",
        )


def _same_rates(plan: RunPlan, begun: Mapping[str, Any], done: int) -> bool:
    schedule = {key: begun[key] for key in _SCHEDULE if key in begun}
    before = plan.model_copy(update=schedule)
    return all(learning_rate(plan, s) == learning_rate(before, s) for s in range(done))
