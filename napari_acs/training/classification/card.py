"""The card of a classifier: what it tells, how that was measured, and its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from napari_acs.training.classification.recipe import ClassificationRecipe
from napari_acs.training.classification.sites import NOTABLE


def card(recipe: ClassificationRecipe, spec: Mapping[str, Any]) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    recipe : ClassificationRecipe
    spec : mapping
        The fields of ``model.json``, with ``metrics`` as `judged` makes them.
    """
    parts = [
        f"# {recipe.title}",
        f"`{recipe.id}` {recipe.version}. **{recipe.intended_use}**",
        recipe.about,
        "## Classes\n\n" + _classes(recipe),
        "## What it looks at\n\n" + _input(recipe),
        "## How well it does\n\n" + _quality(recipe, spec),
        "## Training\n\n" + _training(recipe, spec),
        "## Data\n\n" + _lines(recipe.data),
        f"## Licence\n\nWeights: {recipe.weights_licence} above.",
        "## Citation\n\n" + _lines(recipe.citation),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _classes(recipe: ClassificationRecipe) -> str:
    named = "\n".join(f"- `{one.name}`: {one.title}" for one in recipe.classes)
    if recipe.derived is None:
        return f"{named}\n\nThe labels are those of a table that came with the cases."
    first, second = recipe.classes
    return (
        f"{named}\n\n**The label follows from the reference mask itself**: `{second.name}` where "
        f"the region {recipe.derived.region} has {recipe.derived.at_least_ml:g} ml or more, "
        f"`{first.name}` where it has less. It is no molecular and no histological finding."
    )


def _input(recipe: ClassificationRecipe) -> str:
    asked = recipe.input
    required = [c.name for c in asked.channels if c.required]
    optional = [c.name for c in asked.channels if not c.required]
    sequences = ", ".join(required) + (" (all needed)" if required else "")
    if optional:
        sequences += f"{'; ' if required else ''}{', '.join(optional)} where there"
    size = " x ".join(f"{n * mm:g}" for n, mm in zip(asked.size, reversed(asked.spacing_mm)))  # noqa: B905
    centre = "the mask" if asked.centre == "mask" else "the brain or head"
    more = "; the mask is one more channel" if asked.mask_channel else ""
    return (
        f"{sequences}, in a box of {size} mm (z, y, x) with voxels of "
        f"{' x '.join(f'{mm:g}' for mm in asked.spacing_mm)} mm round the middle of {centre}{more}."
    )


def _quality(recipe: ClassificationRecipe, spec: Mapping[str, Any]) -> str:
    metrics = spec["metrics"]
    parts = []
    held = metrics.get("held_out")
    if held:
        parts.append(_real(recipe, held, spec["temperature"]))
        parts.append(_sets(recipe, metrics["prediction_sets"]))
        parts.append(_outliers(spec.get("features")))
        parts.append(_sites(metrics.get("sites")))
        parts.append(_reliability(spec["calibration"]["after"], "cases"))
        parts.append(_by_case(metrics["held_out_cases"], recipe.abstain_below))
    fresh = metrics.get("fresh_phantoms")
    if fresh:
        parts.append(
            f"On {fresh['cases']} fresh phantoms (made-up studies, {_counts(recipe, fresh)}), the "
            f"network that ships: {_rates(fresh)}; before calibration, which knew no phantom, the "
            f"error was {fresh['ece_before_calibration']:.2f}."
        )
        parts.append(_reliability(fresh["reliability"], "phantoms"))
    return "\n\n".join(part for part in parts if part) if parts else "Not measured."


def _real(recipe: ClassificationRecipe, held: Mapping[str, Any], temperature: float) -> str:
    shipped = (
        "One network, trained on all of them in the same way, ships."
        if recipe.ships == "final"
        else "These networks ship together, as an ensemble, which was not judged as a whole."
    )
    said = (
        f"Each of {held['patients']} real patients ({_counts(recipe, held)}) was judged by a "
        f"network that never saw them ({held['how']}): {_rates(held)}. {shipped}"
    )
    interval = held.get("auroc_interval")
    if interval is None or interval[0] <= 0.5:
        said += " **By these figures it is no better than chance on real cases.**"
    method = "a temperature" if recipe.calibration == "temperature" else "isotonic curves"
    said += (
        f"\n\nProbabilities are calibrated by {method}, fitted on held-out cases; for the figures "
        "here each case by those of the other folds (log loss "
        f"{held['log_loss_before_calibration']:.3f} before, {held['log_loss']:.3f} after; expected "
        f"calibration error {held['ece_before_calibration']:.3f} before, {held['ece']:.3f} after). "
        f"The temperature that ships is {temperature:.2f}"
    )
    if recipe.balanced:
        said += ". They hold for classes that are equally frequent, as in training"
    said += "."
    if recipe.abstain_below > 0:
        right, named = held["right_of_named"]
        said += (
            f" Below a probability of {recipe.abstain_below:g} no class is named: that was so in "
            f"{held['abstained']} of {held['cases']} cases; of the {named} others {right} were "
            "right."
        )
    return said


def _sets(recipe: ClassificationRecipe, found: Mapping[str, Any]) -> str:
    covered, cases = found["covered"]
    low, high = found["interval"]
    pairs = zip(found["by_class"], recipe.classes, strict=True)
    each = ", ".join(f"{one.name} {hits} of {count}" for (hits, count), one in pairs)
    return (
        f"Prediction sets ({found['kind']}, stated coverage {found['stated']:g}), each patient by "
        f"the cases of all others: the true class was in {covered} of {cases} ({each}; 95 % "
        f"interval {low:.2f} to {high:.2f}), with {found['mean_size']:.2f} classes on average and "
        f"a single one in {found['single']}."
    )


def _outliers(known: Mapping[str, Any] | None) -> str:
    if known is None:
        return "A study unlike those of training is **not** recognised: there were too few cases."
    return (
        "A study unlike those of training is told by its features (Mahalanobis distance), and then "
        f"no class is named: {known['level']:.0%} of studies like the {known['cases']} held-out "
        f"ones lie within {known['limit']:.1f}. What is unlike in a way that the network does not "
        "notice is not told."
    )


def _sites(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    said = (
        f"Of pairs of patients from one site ({found['shared']} sites with several), "
        f"{found['agreement']:.0%} are of one class (p = {found['p']:.3f} by permutation)."
    )
    if found["p"] < NOTABLE:
        said += " **The network may have learned the site: these figures may not hold elsewhere.**"
    return said


def _reliability(bins: Sequence[Mapping[str, Any]], of: str) -> str:
    lines = [f"| calibrated probability of the likeliest | right | {of} |", "| --- | --- | --- |"]
    lines += [
        f"| {one['predicted']:.2f} | {one['observed']:.2f} | {one['count']} |" for one in bins
    ]
    return "\n".join(lines)


def _by_case(cases: Mapping[str, Mapping[str, Any]], abstain_below: float) -> str:
    lines = ["| held-out case | truth | p(truth) | named |", "| --- | --- | --- | --- |"]
    for name, found in cases.items():
        best = max(found["p"], key=found["p"].get)
        named = best if found["p"][best] >= abstain_below else "none"
        lines.append(f"| {name} | {found['truth']} | {found['p'][found['truth']]:.2f} | {named} |")
    return "\n".join(lines)


def _rates(found: Mapping[str, Any]) -> str:
    said = f"accuracy {found['accuracy']:.2f}, balanced accuracy {found['balanced_accuracy']:.2f}"
    if "auroc" in found:
        low, high = found["auroc_interval"]
        said += (
            f", AUROC {found['auroc']:.2f} (95 % interval by bootstrap over patients "
            f"{low:.2f} to {high:.2f})"
        )
    for name, title in (("auprc", "AUPRC"), ("brier", "Brier score"), ("ece", "calibration error")):
        if f"{name}_interval" in found:
            low, high = found[f"{name}_interval"]
            said += f", {title} {found[name]:.2f} ({low:.2f} to {high:.2f})"
    return said


def _counts(recipe: ClassificationRecipe, found: Mapping[str, Any]) -> str:
    pairs = zip(found["by_class"], recipe.classes, strict=True)
    return ", ".join(f"{count} {one.name}" for count, one in pairs)


def _training(recipe: ClassificationRecipe, spec: Mapping[str, Any]) -> str:
    lines = [f"- {key}: {value}" for key, value in spec["training"].items() if key != "recipe"]
    if recipe.phantoms.steps:
        lines.append(
            f"- {recipe.phantoms.steps} steps on {recipe.phantoms.count} phantoms alone, which "
            "every fold starts from"
        )
    lines.append(f"- {recipe.steps} steps on cases, batch {recipe.batch}, seed {recipe.seed}")
    return "\n".join(lines) + "\n\nThe whole recipe is in `model.json`, under `training`."


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
