"""The models of a job: one, or an ensemble; what each of them sees, and whether it may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging import to_model_space

if TYPE_CHECKING:
    from napari_acs.imaging import ModelSpaceImage, Study
    from napari_acs.models import Bundle
    from napari_acs.models.spec import BundleSpec


@dataclass(frozen=True, eq=False)
class Member:
    """A model, and the study in its model space."""

    bundle: Bundle
    image: ModelSpaceImage


def members_of(study: Study, bundles: Sequence[Bundle]) -> list[Member]:
    """Bring a study to every model's space; models that see the same share it."""
    seen: dict[tuple[object, ...], ModelSpaceImage] = {}
    members = []
    for bundle in bundles:
        asked = bundle.spec.input
        key = channels_of(bundle.spec), asked.spacing_mm, asked.normalisation
        if key not in seen:
            seen[key] = to_model_space(study, *key)
        members.append(Member(bundle, seen[key]))
    return members


def channels_of(spec: BundleSpec) -> tuple[str, ...]:
    """Return the sequences that a model takes, in its order."""
    return tuple(channel.name for channel in spec.input.channels)


def missing_of(study: Study, bundles: Sequence[Bundle]) -> list[str]:
    """Return the sequences that some model takes and the study lacks, each once."""
    asked = dict.fromkeys(name for bundle in bundles for name in channels_of(bundle.spec))
    return [name for name in asked if name not in study.sequences]


def refuse_unfit(study: Study, bundles: Sequence[Bundle]) -> None:
    """Refuse models that cannot segment a study, or not together.

    Raises
    ------
    BadInput
        A model is untrained, lacks a sequence, finds other regions than the first, or is named
        twice.
    """
    first = bundles[0].spec
    for bundle in bundles:
        _refuse_untrained(bundle.spec)
        _refuse_lacking(study, bundle.spec)
        _refuse_other_regions(bundle.spec, first)
    named = [bundle.spec.id for bundle in bundles]
    if twice := next((id for id in named if named.count(id) > 1), ""):
        raise BadInput(
            f"The model {twice} is named twice",
            expected="different models, whose mean is wanted",
            do="Name it once",
        )


def _refuse_untrained(spec: BundleSpec) -> None:
    if spec.status == "untrained":
        raise BadInput(
            f"The model {spec.id} was not trained yet",
            found="a fresh head, whose output means nothing",
            do="Train it first (napari-acs train), or choose another model",
        )


def _refuse_lacking(study: Study, spec: BundleSpec) -> None:
    missing = [name for name in channels_of(spec) if name not in study.sequences]
    lacking = [c.name for c in spec.input.channels if c.required and c.name in missing]
    used = len(spec.input.channels) - len(missing)
    if not lacking and used >= max(spec.input.minimum_sequences, 1):
        return
    what = f"{', '.join(lacking)}" if lacking else f"{spec.input.minimum_sequences}"
    raise BadInput(
        f"The model {spec.id} cannot segment {study.name!r}",
        found=f"sequences {', '.join(study.sequences)}",
        expected=f"{what} of {', '.join(channels_of(spec))}",
        do="Add the missing sequence, or choose another model",
    )


def _refuse_other_regions(spec: BundleSpec, first: BundleSpec) -> None:
    found, expected = ([r.name for r in s.output.regions] for s in (spec, first))
    if found != expected:
        raise BadInput(
            f"The models {first.id} and {spec.id} cannot be averaged",
            found=f"regions {', '.join(found)} in {spec.id}",
            expected=f"{', '.join(expected)}, as in {first.id}",
            do="Choose models of the same regions",
        )
