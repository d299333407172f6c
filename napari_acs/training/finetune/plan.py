"""From a bundle and a user's wishes to a recipe: what a fine-tune of this model looks like."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.inference.reference import REGIONS
from napari_acs.models.networks import BUILDERS
from napari_acs.models.spec import AnySpec, BundleSpec, OutputSpec
from napari_acs.training.recipe import Augmentation, Recipe

_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")  # as the schema of `models.spec` has it
_SEEDS = 2**32 - 1
"""The largest that NumPy and scikit-learn take."""
_TISSUES = {"NCR", "ED", "ET"}
_UNSHIFTED = ("brain-zscore", "nonzero-zscore")
_PATCH = 64
"""Voxels a side: what a computer of modest memory trains on."""
_STEPS, _RATE, _AVERAGE = 300, 1e-4, 0.99
_FRESH_STEPS, _FRESH_RATE, _FRESH_AVERAGE = 2000, 1e-3, 0.998


@dataclass(frozen=True)
class Wish:
    """What a user may say of a fine-tune; None stands for what suits the bundle.

    Attributes
    ----------
    id, title : str or None
        Of the new bundle.
    version : str
        Of the new bundle.
    freeze_encoder : bool
        Whether the encoder stays as it is, its batch-norm statistics too.
    steps, learning_rate, batch : optional
    seed : int
    """

    id: str | None = None
    title: str | None = None
    version: str = "1.0.0"
    freeze_encoder: bool = False
    steps: int | None = None
    learning_rate: float | None = None
    batch: int = 2
    seed: int = 0


def refuse_senseless(wish: Wish) -> None:
    """Refuse a wish that no fine-tune of any model could fulfil; nothing need be read for that.

    Raises
    ------
    BadInput
        An id that no bundle may have, a number that is not positive or not finite, or a seed
        that the generators do not take.
    """
    if wish.id is not None and not _ID.fullmatch(wish.id):
        raise BadInput(
            f"The new model cannot be called {wish.id!r}",
            expected="small letters (a to z), digits, '.', '_' and '-', a letter or a digit first",
            do="Choose another --id; --title may be any text",
        )
    numbers = {
        "--steps": wish.steps,
        "--learning-rate": wish.learning_rate,
        "--batch": wish.batch,
    }
    for option, value in numbers.items():
        if value is not None and not (math.isfinite(value) and value > 0):
            raise BadInput(
                f"The fine-tune cannot be done with {option} {value:g}",
                expected="a positive number",
                do="Choose another, or leave the option out",
            )
    if not 0 <= wish.seed <= _SEEDS:
        raise BadInput(
            f"The fine-tune cannot be done with --seed {wish.seed}",
            expected=f"a number from 0 to {_SEEDS}",
            do="Choose another",
        )


def refuse_untrainable(spec: AnySpec) -> BundleSpec:
    """Return the spec of a bundle that can be fine-tuned.

    Raises
    ------
    BadInput
        If it is no segmentation of WT, TC and ET by a network that can be built here, or sees
        images in a way that training cannot make yet.
    """
    if not isinstance(spec, BundleSpec):
        raise _refused(spec.id, f"the task {spec.task}", "a segmentation model")
    if spec.architecture.name not in BUILDERS:
        raise _refused(spec.id, f"the network {spec.architecture.name}", ", ".join(BUILDERS))
    regions = tuple(region.name for region in spec.output.regions)
    tissues = {label.name for label in spec.output.labels}
    if regions != REGIONS or tissues != _TISSUES:
        found = f"regions {', '.join(regions)} of {', '.join(sorted(tissues))}"
        raise _refused(spec.id, found, f"{', '.join(REGIONS)} of NCR, ED and ET")
    if len(set(spec.input.spacing_mm)) > 1:
        found = f"voxels of {' x '.join(f'{s:g}' for s in spec.input.spacing_mm)} mm"
        raise _refused(spec.id, found, "voxels as long as wide")
    if spec.input.normalisation not in _UNSHIFTED:
        raise _refused(
            spec.id,
            f"the normalisation {spec.input.normalisation}, which shifts the background",
            f"a background of 0 ({' or '.join(_UNSHIFTED)})",
        )
    class_channels(spec.output)
    return spec


def class_channels(output: OutputSpec) -> tuple[int, int, int, int]:
    """Return the output channel of background, NCR, ED and ET of a softmax over these.

    Of other activations, where channels are regions, (0, 0, 0, 0).

    Raises
    ------
    BadInput
        If the classes are not these four, one channel each.
    """
    if output.activation != "softmax":
        return (0, 0, 0, 0)
    whole, core, enhancing = (frozenset(region.channels) for region in output.regions)
    background = frozenset(range(output.channel_count)) - whole
    parts = (background, core - enhancing, whole - core, enhancing)
    if not enhancing < core < whole or any(len(part) != 1 for part in parts):
        raise BadInput(
            "This model cannot be fine-tuned",
            found=f"a softmax over {output.channel_count} classes",
            expected="background, NCR, ED and ET, one channel each",
        )
    none, ncr, ed, et = (next(iter(part)) for part in parts)
    return none, ncr, ed, et


def id_of(spec: BundleSpec) -> str:
    """Return what the new bundle is called where the user does not say."""
    if spec.status == "untrained":  # an imported encoder is "untrained-...", and then no more
        return f"{spec.id.removeprefix('untrained-')}-trained"
    return f"{spec.id}-finetuned"


def recipe_of(
    spec: BundleSpec, wish: Wish, held_out: Sequence[str], *, rehearsed: bool = False
) -> Recipe:
    """Return the recipe of a fine-tune.

    A trained parent gets few steps at a low rate, an untrained one more at the usual rate. The
    last averaged network ships: choosing the best by the held-out cases would flatter it.

    Parameters
    ----------
    spec : BundleSpec
        Of the parent, see `refuse_untrainable`.
    wish : Wish
    held_out : sequence of str
        Names of the cases that are never trained on.
    rehearsed : bool
        Whether other cases are mixed in; said in ``data``.

    Raises
    ------
    BadInput
        See `refuse_senseless`.
    """
    refuse_senseless(wish)
    fresh = spec.status == "untrained"
    steps = wish.steps if wish.steps is not None else (_FRESH_STEPS if fresh else _STEPS)
    rate = wish.learning_rate or (_FRESH_RATE if fresh else _RATE)
    name, title = id_of(spec), f"{spec.title}, fine-tuned"
    if fresh:
        title = f"Trained from {spec.title}"
    optional = all(not channel.required for channel in spec.input.channels)
    data = [*spec.data, "Masks that the user corrected, named in training.cases"]
    if rehearsed:
        data.append("Other cases mixed in against forgetting, named in training.rehearsed")
    before = spec.training.get("recipe")
    taught: dict[str, Any] = before if isinstance(before, dict) else {}
    return Recipe(
        id=wish.id or name,
        version=wish.version,
        title=wish.title or title,
        architecture=dict(spec.architecture.arguments),
        sequences=tuple(channel.name for channel in spec.input.channels),
        spacing_mm=spec.input.spacing_mm[0],
        train_patch=_patch(spec),
        patch=spec.input.patch,
        batch=wish.batch,
        steps=steps,
        warm_up_steps=min(100, steps // 10),
        decay_steps=steps // 3,
        learning_rate=rate,
        encoder_rate=0.5,
        precision="bf16" if taught.get("precision") == "bf16" else "fp32",
        ema=_FRESH_AVERAGE if fresh else _AVERAGE,
        phantom_share=0.0,
        validate_every=max(1, min(100, steps // 3)),
        checkpoint_every=25,
        patience=0,
        publish="last",
        seed=wish.seed,
        validation=tuple(held_out),
        augmentation=Augmentation(drop_sequences=0.3 if optional else 0.0),
        data=tuple(data),
        licence=spec.licence,
        citation=spec.citation,
    )


def _patch(spec: BundleSpec) -> tuple[int, int, int]:
    z, y, x = (min(_PATCH, side) for side in spec.input.patch)
    return z, y, x


def _refused(name: str, found: str, expected: str) -> BadInput:
    return BadInput(
        f"model {name!r} cannot be fine-tuned",
        found=found,
        expected=expected,
        do="Choose another model (`napari-acs models list`), or train one by a recipe",
    )
