"""The classification job as one call, for scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.inference.classification import Classification, Classified
from napari_acs.inference.classify_job import run_classifier
from napari_acs.inference.device import AUTO
from napari_acs.inference.messages import Failure, Progress
from napari_acs.inference.ready import Preparation

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume
    from napari_acs.models import ClassifierBundle


class ClassificationError(RuntimeError):
    """A classification that ended by a fault of ours, or want of memory.

    Attributes
    ----------
    failure : Failure
    """

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.sentence())


def classify(
    study: Study,
    bundle: ClassifierBundle,
    mask: Volume | None = None,
    device: str = AUTO,
    progress: Callable[[Progress], None] | None = None,
    *,
    preparation: Preparation | None = None,
) -> Classification:
    """Classify a study and return the probability of every class.

    Parameters
    ----------
    study : Study
        From ``napari_acs.read_study``.
    bundle : ClassifierBundle
        From ``napari_acs.load_classifier``.
    mask : Volume, optional
        A label map on the study's grid, which some models need: of the tumour.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    progress : callable, optional
        Called with every ``Progress``. Whatever it raises ends the job and reaches the caller.
    preparation : Preparation, optional
        What is done first; see ``run_classifier``.

    Raises
    ------
    BadInput
        The study, the mask or the device does not do.
    ClassificationError
        napari-acs is at fault, or memory ran out.
    """
    for message in run_classifier(study, bundle, mask, device=device, preparation=preparation):
        if isinstance(message, Classified):
            return message.classification
        if isinstance(message, Failure):
            if message.kind == "input":
                raise BadInput(
                    f"{message.what}. {message.why}" if message.why else message.what, do=message.do
                )
            raise ClassificationError(message)
        if progress is not None:
            progress(message)
    raise AssertionError("a job ended without a result or a failure")
