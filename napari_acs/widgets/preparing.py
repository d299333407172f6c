"""Align and Strip: what is asked, and the generators that answer, without Qt or napari."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume
from napari_acs.imaging.cancel import Cancelled
from napari_acs.inference.messages import Failure, Progress
from napari_acs.inference.stream import Outcome, stream
from napari_acs.viewer.snapshot import StudySnapshot
from napari_acs.widgets.request import CANCELLED

if TYPE_CHECKING:
    from napari_acs.imaging.brain_mask import BrainMask
    from napari_acs.imaging.registration.align import Aligned


@dataclass(frozen=True)
class AlignRequest:
    """Bring these layers to one grid."""

    study: StudySnapshot
    reference: str | None


@dataclass(frozen=True)
class StripRequest:
    """Find the brain in these layers, which lie on one grid."""

    study: StudySnapshot
    device: str


@dataclass(frozen=True, eq=False)
class AlignedStudy:
    """The sequences on the reference's grid."""

    aligned: Aligned


@dataclass(frozen=True, eq=False)
class FoundBrain:
    """A brain mask on the study's grid."""

    brain: BrainMask


Prepared = AlignedStudy | FoundBrain
PrepareJob = Callable[
    ["AlignRequest | StripRequest", Callable[[], bool]], Iterator[Progress | Failure | Prepared]
]


def prepare_job(
    request: AlignRequest | StripRequest, cancelled: Callable[[], bool]
) -> Iterator[Progress | Failure | Prepared]:
    """Yield progress, then what was asked for or a failure; runs in a worker, never raises."""
    try:
        volumes = request.study.volumes()
        if isinstance(request, AlignRequest):
            yield from _align(volumes, request.reference, cancelled)
        else:
            yield from _strip(volumes, request.device, cancelled)
    except Cancelled:
        yield CANCELLED
    except BadInput as refusal:
        from napari_acs.inference.sentences import failure_of  # noqa: PLC0415

        yield failure_of(refusal)
    except Exception as error:
        from napari_acs.inference.sentences import failure_of_error  # noqa: PLC0415

        logging.getLogger(__name__).exception("preparation failed")
        yield failure_of_error(error, "The preparation")


def _align(
    volumes: Mapping[str, Volume], reference: str | None, cancelled: Callable[[], bool]
) -> Iterator[Progress | Failure | Prepared]:
    from napari_acs.imaging.registration.align import align  # noqa: PLC0415 (SimpleITK comes with it)

    work = partial(align, volumes, reference)
    for said in stream(lambda tell, stop: work(progress=tell, cancelled=stop), cancelled):
        if isinstance(said, Outcome):
            yield AlignedStudy(said.value)
        else:
            yield Progress(0, 1, "register", said)


def _strip(
    volumes: Mapping[str, Volume], device: str, cancelled: Callable[[], bool]
) -> Iterator[Progress | Failure | Prepared]:
    from napari_acs.inference import memory  # noqa: PLC0415 (torch)
    from napari_acs.inference.brain_extraction import extract_brain  # noqa: PLC0415

    place = memory.place_name("cpu")  # a GPU that lacks it says so itself
    if lack := memory.shortage(memory.BRAIN_BYTES, memory.free_host_bytes(), place):
        yield lack
        return
    work = partial(extract_brain, volumes, device=device)
    for said in stream(lambda tell, stop: work(progress=tell, cancelled=stop), cancelled):
        if isinstance(said, Outcome):
            yield FoundBrain(said.value)
        else:
            yield Progress(0, 1, "brain", said)
