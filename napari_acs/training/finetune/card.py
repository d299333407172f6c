"""What a fine-tuned bundle says of itself: where it comes from, and before against after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput
from napari_acs.imaging.metrics import DEFINITIONS
from napari_acs.inference.reference import REGIONS
from napari_acs.models.cross_validation import flattering, unseen_members
from napari_acs.models.spec import BundleSpec
from napari_acs.training.finetune.figures import HELD_OUT, OLD, Figures
from napari_acs.training.finetune.verdict import Verdict

if TYPE_CHECKING:
    from napari_acs.training.finetune.run import Plan

_TITLES = {
    HELD_OUT: "Held-out corrected cases, never trained on here",
    OLD: "The old model's own cases: what was forgotten",
    "phantoms": "Fresh phantoms: real contrasts, tumour core of 20 to 60 mm",
    "hard_phantoms": "Fresh phantoms: core from 10 mm, 1 in 5 with arbitrary contrasts",
}


def spec_of(
    plan: Plan,
    before: Figures | None,
    after: Figures,
    verdict: Verdict,
    training: dict[str, Any],
) -> dict[str, Any]:
    """Return the fields of the new ``model.json``, all but the weights.

    Everything that decides how the network sees and marks a study is the parent's, word for word.

    Parameters
    ----------
    plan : Plan
    before, after : Figures
        None before: the parent was untrained.
    verdict : Verdict
    training : dict
        What is known of the run: ``command``, ``torch``, ...
    """
    parent, recipe = plan.parent.spec, plan.recipe
    same = parent.model_dump(
        mode="json", include={"task", "origin", "requires", "architecture", "input", "output"}
    )
    names = {
        side: [case.name for case in cases]
        for side, cases in (
            ("cases", plan.split.training),
            ("held_out", plan.split.held_out),
            ("rehearsed", plan.split.rehearsed),
        )
    }
    return same | {
        "id": recipe.id,
        "version": recipe.version,
        "title": recipe.title,
        "status": "trained",
        "data": recipe.data,
        "licence": recipe.licence,
        "citation": recipe.citation,
        "intended_use": parent.intended_use,
        "metrics": {"definitions": DEFINITIONS, **after, **({"before": before} if before else {})},
        "training": {
            **training,
            "parent": {
                "id": parent.id,
                "version": parent.version,
                "sha256": plan.parent.sha256,
            },
            "worse_than_parent": verdict.worse,
            "verdict": verdict.why,
            **names,
            "never_seen": [name for name in names["held_out"] if never_seen(parent, name)],
            "frozen_encoder": plan.freeze_encoder,
            "recipe": recipe.model_dump(mode="json"),
        },
    }


def never_seen(parent: BundleSpec, case: str) -> bool:
    """Tell whether the parent says that it never saw a case; an untrained one saw none."""
    if parent.status == "untrained":
        return True
    members = parent.architecture.arguments.get("members")
    try:
        unseen = unseen_members(parent, case)
    except BadInput:
        return False  # it does not say, or says that it saw the case
    return len(unseen) == (len(members) if isinstance(members, list | tuple) else 1)


def card(plan: Plan, before: Figures | None, after: Figures, verdict: Verdict) -> str:
    """Return the card as Markdown; see `spec_of`."""
    parent, recipe, split = plan.parent.spec, plan.recipe, plan.split
    encoder = "with the encoder frozen" if plan.freeze_encoder else "the encoder too"
    made = (
        f"{recipe.steps} steps at a learning rate of {recipe.learning_rate:g}, {encoder}, on "
        f"{_count(split.training)}"
    )
    if split.rehearsed:
        made += (
            f", about every second sample drawn from {_count(split.rehearsed)} rehearsed with it"
        )
    parts = [
        f"# {recipe.title}",
        f"`{recipe.id}` {recipe.version}. **{parent.intended_use}**",
        f"**{verdict.why}** {verdict.caution}".strip(),
        "## Where it comes from",
        f"Made from `{parent.id}` {parent.version} (sha256 of its weights "
        f"`{plan.parent.sha256}`), {'untrained, ' if parent.status == 'untrained' else ''}by "
        f"`napari-acs finetune`: {made}. Network, model space, regions and thresholds are those of "
        "that model; the weights are averaged over the last steps.",
        "Data:\n\n" + "\n".join(f"- {line}" for line in recipe.data),
        "## Before and after",
        _caveat(before, flattering(parent, [case.name for case in split.held_out])),
    ]
    for group, title in _TITLES.items():
        if group in after:
            parts += [f"### {title}", _table(group, before, after)]
    parts += [
        "\n".join(f"- {key}: {value}" for key, value in DEFINITIONS.items()),
        "## Limits",
        "Those of the model it was made from (see its card), and: tuned to few cases, it may do "
        "worse on others, which the figures above show only where other cases were scored. Every "
        "mask needs a reader's eye.",
        "## Licence and citation",
        f"Weights: {recipe.licence}, as the model it was made from; and whatever the owner of the "
        "corrected cases says.",
        "\n".join(f"- {line}" for line in recipe.citation),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _caveat(before: Figures | None, seen: str) -> str:
    if before is None:
        return "The model it was made from was untrained, and has no figures."
    doubt = seen or (
        "Where the old model was trained on a case that was held out here, its figures before are "
        "flattering."
    )
    return f"Both by the whole pipeline, on the studies' own grids. Of the figures before: {doubt}"


def _table(group: str, before: Figures | None, after: Figures) -> str:
    then = before if before is not None and group in before else None
    head = " | ".join(f"{r} Dice | {r} HD95 mm" for r in REGIONS)
    lines = [f"| case | {head} |", "| --- |" + " ---: |" * (2 * len(REGIONS))]
    for name, scores in after[group].items():
        lines.append(f"| {name} | {_cells(then[group].get(name) if then else None, scores)} |")
    mean = f"mean_{group}"
    lines.append(f"| **mean** | {_cells(then[mean] if then else None, after[mean])} |")
    return "\n".join(lines)


def _cells(earlier: Any, later: Any) -> str:
    cells = []
    for region in REGIONS:
        for metric, digits in (("dice", 3), ("hd95_mm", 1)):
            new = f"{later[region][metric]:.{digits}f}"
            old = f"{earlier[region][metric]:.{digits}f} → " if earlier else ""
            cells.append(old + new)
    return " | ".join(cells)


def _count(cases: tuple[Any, ...]) -> str:
    return "1 case" if len(cases) == 1 else f"{len(cases)} cases"
