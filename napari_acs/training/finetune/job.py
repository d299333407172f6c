"""From a plan to a bundle: what ``napari-acs finetune`` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput
from napari_acs.models import save_bundle
from napari_acs.training.alike import refuse_leaks
from napari_acs.training.cases import Case
from napari_acs.training.checkpoint import read_checkpoint
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


def cases_of(plan: Plan, cache: Path) -> list[Case]:
    """Return the prepared cases of all sides, corrected and rehearsed ones in balance.

    Parameters
    ----------
    plan : Plan
    cache : Path
        From `prepare_corrected`.

    Raises
    ------
    BadInput
        If a held-out case and one to train on show one head.
    """
    split, spacing = plan.split, plan.recipe.spacing_mm
    training, rehearsed, held_out = (
        load_corrected(folders, cache, spacing)
        for folders in (split.training, split.rehearsed, split.held_out)
    )
    refuse_leaks([*training, *rehearsed, *held_out], plan.recipe.validation)
    return [*balanced(training, rehearsed), *held_out]


def tune(
    plan: Plan,
    cases: Sequence[Case],
    run: Path,
    stop: Callable[[], bool] = lambda: False,
    device: str = "cpu",
) -> Iterator[Step]:
    """Train on prepared cases; goes on where a run was stopped or killed.

    Parameters
    ----------
    plan : Plan
    cases : sequence of Case
        From `cases_of`.
    run : Path
        Folder of checkpoints and log, see `napari_acs.training.loop.train`.
    stop : callable
        Asked after every step; True ends the run with a checkpoint.
    device : str
    """
    task = FinetuneTask(plan.recipe, plan.parent.spec.output, cases)
    network = tunable(plan.parent, freeze_encoder=plan.freeze_encoder)
    yield from train(plan.recipe, task, network, run, stop=stop, device=device)


def tuned_network(plan: Plan, run: Path) -> nn.Module:
    """Return the averaged network of a run's end, as a bundle holds it; eval mode, on the CPU.

    Raises
    ------
    BadInput
        If the run has no checkpoint.
    """
    network = tunable(plan.parent, freeze_encoder=plan.freeze_encoder)
    state = read_checkpoint(run)
    if state is None:
        raise BadInput(f"{run} has no checkpoint", do="Fine-tune first")
    network.load_state_dict(state["average"])
    return as_in_bundle(network).eval()


def write_draft(plan: Plan, network: nn.Module, folder: Path) -> Bundle:
    """Write the new network as a bundle without figures, to be judged: the weights that ship."""
    parent = plan.parent.spec.model_dump(mode="json", exclude={"weights", "metrics", "training"})
    fields = parent | {"id": plan.recipe.id, "status": "trained"}
    return save_bundle(folder, fields, network, half=plan.parent.in_half)


def write_bundle(
    plan: Plan,
    network: nn.Module,
    folder: Path,
    before: Figures | None,
    after: Figures,
    verdict: Verdict,
    training: dict[str, Any],
) -> Bundle:
    """Write the new bundle with its figures and its card; the folder must not exist.

    Its kernels are in half precision where the parent's are, as in the draft that was judged.
    """
    spec = spec_of(plan, before, after, verdict, training)
    text = card(plan, before, after, verdict)
    return save_bundle(folder, spec, network, text, half=plan.parent.in_half)
