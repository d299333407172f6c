"""From a plan to a bundle: what ``napari-acs finetune`` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_acs.models import save_bundle
from napari_acs.models.safe_load import load_pickled
from napari_acs.training.finetune.card import card, spec_of
from napari_acs.training.finetune.cases import balanced, load_corrected
from napari_acs.training.finetune.network import as_in_bundle, tunable
from napari_acs.training.finetune.task import FinetuneTask
from napari_acs.training.loop import Step, train

if TYPE_CHECKING:
    from torch import nn

    from napari_acs.models import Bundle
    from napari_acs.training.finetune.figures import Figures
    from napari_acs.training.finetune.run import Plan
    from napari_acs.training.finetune.verdict import Verdict


def tune(
    plan: Plan,
    cache: Path,
    run: Path,
    stop: Callable[[], bool] = lambda: False,
    device: str = "cpu",
) -> Iterator[Step]:
    """Train on prepared cases; goes on where a run was stopped or killed.

    Parameters
    ----------
    plan : Plan
    cache : Path
        From `prepare_corrected`.
    run : Path
        Folder of checkpoints and log, see `napari_acs.training.loop.train`.
    stop : callable
        Asked after every step; True ends the run with a checkpoint.
    device : str
    """
    recipe, split = plan.recipe, plan.split
    training, rehearsed, held_out = (
        load_corrected(folders, cache, recipe.spacing_mm)
        for folders in (split.training, split.rehearsed, split.held_out)
    )
    cases = [*balanced(training, rehearsed), *held_out]
    task = FinetuneTask(recipe, plan.parent.spec.output, cases)
    network = tunable(plan.parent, freeze_encoder=plan.freeze_encoder)
    yield from train(recipe, task, network, run, stop=stop, device=device)


def tuned_network(plan: Plan, run: Path) -> nn.Module:
    """Return the averaged network of a run's end, as a bundle holds it; eval mode, on the CPU."""
    network = tunable(plan.parent, freeze_encoder=plan.freeze_encoder)
    state: Any = load_pickled(run / "checkpoint.pt")
    network.load_state_dict(state["average"])
    return as_in_bundle(network).eval()


def write_draft(plan: Plan, network: nn.Module, folder: Path) -> Bundle:
    """Write the new network as a bundle without figures, to be judged."""
    parent = plan.parent.spec.model_dump(mode="json", exclude={"weights", "metrics", "training"})
    return save_bundle(folder, parent | {"id": plan.recipe.id, "status": "trained"}, network)


def write_bundle(
    plan: Plan,
    network: nn.Module,
    folder: Path,
    before: Figures | None,
    after: Figures,
    verdict: Verdict,
    training: dict[str, Any],
) -> Bundle:
    """Write the new bundle with its figures and its card; the folder must not exist."""
    spec = spec_of(plan, before, after, verdict, training)
    return save_bundle(folder, spec, network, card(plan, before, after, verdict))
