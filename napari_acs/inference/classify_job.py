"""The classification job: a generator of messages that never raises and can be cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Final

import torch

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import Cancelled, never, stop_if
from napari_acs.inference.classification import (
    Classification,
    Classified,
    ClassifyMessage,
    Outlier,
)
from napari_acs.inference.classify_intervals import intervals_of
from napari_acs.inference.classify_outlier import outlier_of
from napari_acs.inference.classify_ready import Looked, look
from napari_acs.inference.classify_record import classification_record
from napari_acs.inference.classify_sets import PredictionSet, prediction_set
from napari_acs.inference.device import AUTO
from napari_acs.inference.messages import Failure, Progress
from napari_acs.inference.sentences import failure_of, failure_of_error
from napari_acs.models.calibrated import scores_of

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume
    from napari_acs.inference.classify_input import ClassifierBox
    from napari_acs.inference.ready import Preparation
    from napari_acs.models import ClassifierBundle
    from napari_acs.models.calibration_spec import HeldOutScores
    from napari_acs.models.spec import ClassifierSpec

_INFERENCE, _INFERENCE_FROM = "inference", 0.9
_LIKELY: Final = 0.5
"""A class that excludes no other is named from this probability on."""


def run_classifier(
    study: Study,
    bundle: ClassifierBundle,
    mask: Volume | None = None,
    *,
    device: str = AUTO,
    preparation: Preparation | None = None,
    cancelled: Callable[[], bool] = never,
) -> Iterator[ClassifyMessage]:
    """Classify a study: yield ``Progress``, then exactly one ``Classified`` or ``Failure``.

    Nothing is raised for bad input, want of memory or a fault of ours: all come as a ``Failure``.

    Parameters
    ----------
    study : Study
    bundle : ClassifierBundle
    mask : Volume, optional
        A label map on the study's grid, all of whose labels count; some models need one.
    device : str
        ``"auto"`` or one of ``available_devices()``.
    preparation : Preparation, optional
        What is done first. Left out: a skull that is there is removed where the model was
        normalised by the brain, and nothing where it looks at whole volumes.
    cancelled : callable
        Asked between stages; True ends the job with a ``Failure`` of kind ``"cancelled"``.

    Yields
    ------
    ClassifyMessage
    """
    try:
        yield from _messages(study, bundle, mask, device, preparation, cancelled)
    except Cancelled:
        yield Failure("Cancelled", "", "Nothing was changed", "cancelled")
    except BadInput as refusal:
        yield failure_of(refusal)
    except Exception as error:
        yield failure_of_error(error, "The classification")


def _messages(
    study: Study,
    bundle: ClassifierBundle,
    mask: Volume | None,
    wish: str,
    preparation: Preparation | None,
    cancelled: Callable[[], bool],
) -> Iterator[ClassifyMessage]:
    spec = bundle.spec
    looked: Looked | None = None
    for said in look(study, spec, mask, wish, preparation, cancelled):
        if isinstance(said, Looked):
            looked = said
        else:
            yield said
    assert looked is not None
    study, box, device = looked.study, looked.box, looked.device
    seconds = dict(looked.seconds)
    start = perf_counter()
    yield Progress(0, 1, _INFERENCE, _INFERENCE_FROM)
    stop_if(cancelled)
    scores, values, outlier = _asked(bundle, box, device)
    seconds[_INFERENCE] = perf_counter() - start
    stop_if(cancelled)
    names = [one.name for one in spec.classes]
    record = classification_record(
        study, bundle, box, mask, device=device, seconds=seconds, input_sha256=looked.input_sha256
    )
    yield Progress(1, 1, _INFERENCE, 1.0)
    held = spec.held_out
    exclusive = spec.activation == "softmax"
    chosen = None if held is None else prediction_set(held, scores, exclusive=exclusive)
    members = None if chosen is None else tuple(names[k] for k in chosen.members)
    found = Classification(
        spec.classes,
        dict(zip(names, values, strict=True)),
        () if outlier and outlier.far else _named_within(named_of(spec, values), members, spec),
        spec.abstain_below,
        dict(zip(names, intervals_of(held, scores), strict=True)) if held else {},
        members,
        held.coverage if held else None,
        outlier,
        provenance=record,
        seconds=seconds,
    )
    brain_ml = looked.brain_ml
    said_brain = () if brain_ml is None else (f"The brain was cut out first ({brain_ml:.0f} ml).",)
    yield Classified(
        found, (*said_brain, *_notes(spec, box, mask), *_want_of_cases(names, chosen, held))
    )


@torch.inference_mode()
def _asked(
    bundle: ClassifierBundle, box: ClassifierBox, device: str
) -> tuple[list[float], list[float], Outlier | None]:
    """Return scores, probabilities and, where the bundle knows its training's features, more."""
    network = bundle.network().to(device)
    answer = network.answer(torch.from_numpy(box.array)[None].to(device))
    known = bundle.spec.features
    seen = [features[0].cpu().double().numpy() for features in answer.seen]
    return (
        scores_of(bundle.spec, answer.logits)[0].tolist(),
        bundle.probabilities(answer.logits)[0].tolist(),
        None if known is None else outlier_of(known, seen),
    )


def named_of(spec: ClassifierSpec, probabilities: list[float]) -> tuple[str, ...]:
    """Return the classes to name: see `Classification.named`."""
    names = [one.name for one in spec.classes]
    if spec.activation == "sigmoid":
        enough = max(_LIKELY, spec.abstain_below)
        return tuple(n for n, p in zip(names, probabilities, strict=True) if p >= enough)
    best = max(range(len(names)), key=probabilities.__getitem__)
    return (names[best],) if probabilities[best] >= spec.abstain_below else ()


def _named_within(
    named: tuple[str, ...], members: tuple[str, ...] | None, spec: ClassifierSpec
) -> tuple[str, ...]:
    """Name none but members of the set; none at all where it rules out no exclusive class."""
    if members is None:
        return named
    if spec.activation == "softmax" and len(members) == len(spec.classes):
        return ()
    return tuple(name for name in named if name in members)


def _want_of_cases(
    names: list[str], chosen: PredictionSet | None, held: HeldOutScores | None
) -> Iterator[str]:
    if chosen is None or held is None or not chosen.too_few:
        return
    never = ", ".join(names[k] for k in chosen.too_few)
    yield (
        f"Never ruled out: {never}. A coverage of {held.coverage:g} takes {chosen.fewest} held-out "
        "cases, and the bundle stores fewer."
    )


def _notes(spec: ClassifierSpec, box: ClassifierBox, mask: Volume | None) -> Iterator[str]:
    missing = [
        c.name for c, there in zip(spec.input.channels, box.present, strict=True) if not there
    ]
    if missing:
        yield f"Classified without {', '.join(missing)}: take it with more care."
    if box.with_skull and spec.input.normalisation != "robust":
        yield (
            f"{', '.join(box.with_skull)} still shows the skull, and the model was trained on "
            "skull-stripped brains: do not trust this."
        )
    if mask is not None and not spec.input.needs_mask:
        yield "The mask was not used: this model takes none."
