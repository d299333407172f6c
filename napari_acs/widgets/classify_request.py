"""One classification job: what is asked, and the generators that answer, without Qt or napari."""

# ruff: noqa: PLC0415 (torch comes with these imports, and is loaded in the worker)
from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput
from napari_acs.imaging import Study, Volume
from napari_acs.imaging.cancel import Cancelled
from napari_acs.inference.messages import Failure, Progress
from napari_acs.viewer.snapshot import StudySnapshot
from napari_acs.widgets.request import CANCELLED

if TYPE_CHECKING:
    from napari_acs.models.spec import ClassifierSpec

AnyJob = Callable[["ClassifyRequest", Callable[[], bool]], Iterator[Any]]


@dataclass(frozen=True, eq=False)
class ClassifyRequest:
    """What the user asked for, as it was at the click.

    ``mask`` is a copy of the region. ``target`` is the class to explain; None classifies.
    """

    study: StudySnapshot
    spec: ClassifierSpec
    mask: Volume | None = None
    device: str = "auto"
    target: str | None = None


@dataclass(frozen=True, eq=False)
class ClassifyChoice:
    """What the panel offers: classifiers, and devices with ``"auto"`` first."""

    specs: tuple[ClassifierSpec, ...]
    devices: tuple[str, ...]


def load_classifiers() -> ClassifyChoice:
    """Return the installed classifiers of studies (not of single volumes), and the devices."""
    from napari_acs.inference import available_devices
    from napari_acs.models import ClassifierSpec, list_bundles
    from napari_acs.models.spec import VOLUME

    specs = tuple(
        entry.spec
        for entry in list_bundles()
        if isinstance(entry.spec, ClassifierSpec)
        and all(channel.name != VOLUME for channel in entry.spec.input.channels)
    )
    return ClassifyChoice(specs, ("auto", *available_devices()))


def classify_job(request: ClassifyRequest, cancelled: Callable[[], bool]) -> Iterator[Any]:
    """Yield progress, then one result or failure; runs in a worker and never raises."""
    yield Progress(0, 1, "load", 0.0)
    try:
        from napari_acs.models import load_classifier

        bundle = load_classifier(request.spec.id)
        taken = request.study
        study = Study(taken.name, taken.volumes(), taken.reference_sequence)
        doubts = _checked(study, bundle.spec, cancelled)
        if request.target is None:
            from napari_acs.inference import run_classifier

            yield from run_classifier(
                study,
                bundle,
                request.mask,
                device=request.device,
                doubts=doubts,
                cancelled=cancelled,
            )
        else:
            from napari_acs.inference.explain.job import explain

            yield from explain(
                study,
                bundle,
                request.mask,
                target=request.target,
                device=request.device,
                cancelled=cancelled,
            )
    except Cancelled:
        yield CANCELLED
    except BadInput as refusal:
        from napari_acs.inference.sentences import failure_of

        yield failure_of(refusal)
    except MemoryError as error:
        from napari_acs.inference.sentences import failure_of_error

        yield failure_of_error(error, "The classification")
    except Exception as error:
        logging.getLogger(__name__).exception("classification failed")
        yield Failure(
            what="The classification stopped by a fault in napari-acs",
            why=f"{type(error).__name__}: {error}",
            do="Your layers are as they were; please report it with the steps that led here",
            kind="internal",
        )


def _checked(study: Study, spec: ClassifierSpec, cancelled: Callable[[], bool]) -> tuple[str, ...]:
    """Refuse a study of which the check calls something red, and return what it doubts.

    As the command line does.
    """
    from napari_acs.imaging.check import check_study
    from napari_acs.inference.classify_doubts import doubts_of
    from napari_acs.inference.needs import needs_of

    lines = check_study(
        study.name, study.sequences, needs_of(spec), brain="auto", cancelled=cancelled
    )
    for line in lines:
        if line.status == "red":
            raise BadInput(
                f"{study.name} is not classified: {line.title.lower()}",
                found=line.found,
                do=line.do,
            )
    return doubts_of(lines)
