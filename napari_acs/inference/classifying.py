"""The classification job as one call, for scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_acs.inference.classification import Classification
from napari_acs.inference.classify_job import run_classifier
from napari_acs.inference.device import AUTO
from napari_acs.inference.messages import Progress
from napari_acs.inference.ready import Preparation
from napari_acs.inference.to_the_end import JobError, to_the_end

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume
    from napari_acs.models import ClassifierBundle


class ClassificationError(JobError):
    """A classification that ended by a fault of ours, or want of memory.

    Attributes
    ----------
    failure : Failure
    """


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
    messages = run_classifier(study, bundle, mask, device=device, preparation=preparation)
    return to_the_end(messages, ClassificationError, progress).classification
