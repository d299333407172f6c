"""The model card: what a bundle was made from, how, and how well it does, in plain words."""

from __future__ import annotations

from typing import Any

from napari_acs.models.spec import GLIOMA_OUTPUT, OutputSpec
from napari_acs.training.recipe import Recipe

# Not from where studies are judged, which needs SimpleITK: cards are written without it too.
REGIONS = tuple(region.name for region in GLIOMA_OUTPUT.regions)

_SELECTION = {
    "last": "These cases were never trained on, and the weights that ship are those of the run's "
    "end, averaged over its last steps.",
    "best": "These cases were never trained on, but the weights that ship are those that did best "
    "on the real ones among them, so expect a little less on new cases.",
}

_CROSS_VALIDATED = (
    "Cross-validated: each case was judged by the one of these networks that never saw it, alone. "
    "What ships is the mean of all of them. No case here can judge the mean, since some of the "
    "networks were trained on it; on new cases a mean is usually a little better than its parts."
)

_GROUPS = {
    "cases": "Real validation cases",
    "phantoms": "Fresh phantoms: real contrasts, tumour core of 20 to 60 mm",
    "hard_phantoms": "Fresh phantoms, as training draws them: core from 10 mm, 1 in 5 with "
    "arbitrary contrasts",
}


_LIMITS = (
    "Few training cases, all skull-stripped gliomas of BraTS, most of them high grade. Not "
    "trained on: heads with the skull, children, other tumours, the time after surgery, "
    "other field strengths than the training data's. Small enhancing parts are the weakest "
    "point. Every mask needs a reader's eye."
)
_DRAWN = (
    "Trained on digital phantoms alone: it shows that the way from weights to a bundle works, and "
    "is for no patient's images."
)

_SUBSETS = (
    "Mean Dice over the same real validation cases with every subset of their sequences, by "
    "`napari-acs evaluate --subsets`: the panel quotes these figures where a study lacks some. So "
    "few cases tell a large loss from a small one, and no more."
)


def card(
    recipe: Recipe,
    training: dict[str, Any],
    metrics: dict[str, Any],
    output: OutputSpec = GLIOMA_OUTPUT,
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    recipe : Recipe
    training : dict
        What is known of the run: ``command``, ``steps``, ``encoder_weights``, ...
    metrics : dict
        From :func:`napari_acs.training.judge.judge`; with ``subsets`` as `evaluate --subsets`
        reports them, where they were measured; ``cross_validated`` where each case was judged by
        the networks that never saw it; ``post_processing``, a sentence on what its choice rests on.
    output : OutputSpec
        The bundle's, for its thresholds and smallest sizes.
    """
    parts = [
        f"# {recipe.title}",
        f"`{recipe.id}` {recipe.version}. **Research only. Not a medical device; not for "
        "clinical use.**",
        "## What it does",
        f"From any subset of {', '.join(recipe.sequences)} (co-registered, skull-stripped), it "
        "marks the whole tumour (WT), the tumour core (TC) and the enhancing tumour (ET) of an "
        "adult glioma before treatment, as nested regions. The more sequences, the better: the "
        "figures below are for all four.",
        "## How it was made",
        f"ACS U-Net, encoder {recipe.architecture.get('encoder')}, model space "
        f"{recipe.spacing_mm:g} mm. "
        + " ".join(_fact(key, value) for key, value in {**training, "seed": recipe.seed}.items()),
        "Training data:",
        "\n".join(f"- {line}" for line in recipe.data),
        "## How well it does",
        _CROSS_VALIDATED if metrics.get("cross_validated") else _SELECTION[recipe.publish],
        _limits_said(output, metrics.get("post_processing", "")),
    ]
    for group, title in _GROUPS.items():
        if group in metrics:
            parts += [f"### {title}", _table(metrics[group], metrics[f"mean_{group}"])]
    if subsets := metrics.get("subsets"):
        parts += ["### When sequences are missing", _SUBSETS, _subset_table(subsets)]
    parts.append("\n".join(f"- {k}: {v}" for k, v in metrics.get("definitions", {}).items()))
    parts += [
        "## Limits",
        _DRAWN if recipe.phantom_share == 1 else _LIMITS,
        "## Licence and citation",
        f"Weights: {recipe.weights_licence} above.",
        "\n".join(f"- {line}" for line in recipe.citation),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _limits_said(output: OutputSpec, why: str) -> str:
    said = []
    for region in output.regions:
        if region.threshold != 0.5:
            said.append(f"{region.name} counts from a probability of {region.threshold:g}")
        if region.smallest_part_ml:
            said.append(f"parts of {region.name} under {region.smallest_part_ml:g} ml are given up")
        if region.minimum_ml:
            said.append(f"{region.name} of less than {region.minimum_ml:g} ml in all is given up")
    if not said:
        return ""
    return " ".join(filter(None, (f"Post-processing: {'; '.join(said)}.", why)))


def _fact(key: str, value: Any) -> str:
    shown = f"`{value}`" if key == "command" else str(value).rstrip(".")
    return f"{key.replace('_', ' ').capitalize()}: {shown}."


def _table(group: dict[str, Any], mean: dict[str, Any]) -> str:
    head = "| case | " + " | ".join(f"{r} Dice | {r} HD95 mm" for r in REGIONS) + " |"
    rule = "| --- |" + " ---: |" * (2 * len(REGIONS))
    rows = [head, rule]
    for name, scores in [*group.items(), ("**mean**", mean)]:
        cells = [f"{scores[r]['dice']:.3f} | {scores[r]['hd95_mm']:.1f}" for r in REGIONS]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _subset_table(subsets: dict[str, Any]) -> str:
    head = "| sequences | cases | " + " | ".join(f"{r} Dice" for r in REGIONS) + " |"
    rows = [head, "| --- |" + " ---: |" * (1 + len(REGIONS))]
    for key, entry in subsets.items():
        dice = " | ".join(f"{entry['dice'][region]:.3f}" for region in REGIONS)
        rows.append(f"| {key.replace('+', ', ')} | {entry['n']} | {dice} |")
    return "\n".join(rows)
