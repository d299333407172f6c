"""One segmentation job: what is asked, and the generator that answers, without Qt or napari."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from napari_acs.errors import BadInput
from napari_acs.imaging import Study, Volume
from napari_acs.inference.messages import Failure, Message, Progress
from napari_acs.viewer.masks import Mask
from napari_acs.viewer.snapshot import StudySnapshot

Job = Callable[["SegmentRequest", Callable[[], bool]], Iterator[Message]]

CANCELLED = Failure(
    what="Cancelled",
    why="",
    do="Nothing was changed",
    kind="cancelled",
)


@dataclass(frozen=True)
class SegmentRequest:
    """What the user asked for, as it was at the click.

    ``brain`` is ``"auto"``, ``"none"`` or a copy of the layer that serves as the brain mask.
    ``flips`` asks for the mean over mirrored inputs, ``ensemble`` names further bundles to average
    with.
    """

    study: StudySnapshot
    bundle: str
    device: str
    brain: Literal["auto", "none"] | Mask = "auto"
    bias_correction: bool = False
    show_prepared: bool = False
    flips: bool = False
    ensemble: tuple[str, ...] = ()


def segment_job(request: SegmentRequest, cancelled: Callable[[], bool]) -> Iterator[Message]:
    """Yield progress, then one result or failure; runs in a worker and never raises."""
    yield Progress(0, 1, "load", 0.0)
    try:
        from napari_acs.inference import run  # noqa: PLC0415 (torch comes with it)
        from napari_acs.inference.ready import Preparation  # noqa: PLC0415
        from napari_acs.models import load_bundle  # noqa: PLC0415

        bundle = load_bundle(request.bundle)
        study = Study(request.study.name, request.study.volumes(), request.study.reference_sequence)
        brain = request.brain
        if isinstance(brain, Mask):
            wanted = Preparation(Volume(brain.labels, brain.info.grid), request.bias_correction)
        else:
            wanted = Preparation(brain, request.bias_correction)
        more: dict[str, Any] = {}
        if request.flips:
            more["flips"] = True
        if request.ensemble:
            more["others"] = [load_bundle(other) for other in request.ensemble]
        yield from run(
            study, bundle, device=request.device, preparation=wanted, cancelled=cancelled, **more
        )
    except BadInput as refusal:
        from napari_acs.inference.sentences import failure_of  # noqa: PLC0415

        yield failure_of(refusal)
    except MemoryError as error:  # before `run`, which says what it tried
        from napari_acs.inference.sentences import failure_of_error  # noqa: PLC0415

        yield failure_of_error(error)
    except Exception as error:
        logging.getLogger(__name__).exception("segmentation failed")
        yield fault(f"{type(error).__name__}: {error}")


def fault(why: str) -> Failure:
    """Return the message of a job that stopped by a fault of ours."""
    return Failure(
        what="The segmentation stopped by a fault in napari-acs",
        why=why,
        do="Your layers are as they were; please report it with the steps that led here",
        kind="internal",
    )
