"""The same job as one call, for scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from napari_acs.inference.device import AUTO
from napari_acs.inference.job import DEFAULT, run
from napari_acs.inference.messages import Progress, Segmentation
from napari_acs.inference.precision import FLOAT32
from napari_acs.inference.ready import Preparation
from napari_acs.inference.to_the_end import JobError, to_the_end

if TYPE_CHECKING:
    from napari_acs.imaging import Study
    from napari_acs.models import Bundle


class SegmentationError(JobError):
    """A segmentation that ended without a mask though its input was accepted.

    Attributes
    ----------
    failure : Failure
        What happened: the network saw no tumour (kind ``"empty"``), or a fault of ours
        (``"internal"``).
    """


def segment(
    study: Study,
    bundle: Bundle,
    device: str = AUTO,
    progress: Callable[[Progress], None] | None = None,
    *,
    precision: str = FLOAT32,
    preparation: Preparation = DEFAULT,
    flips: bool = False,
    others: Sequence[Bundle] = (),
) -> Segmentation:
    """Segment a study and return the label map on its own grid.

    Parameters
    ----------
    study : Study
        From ``napari_acs.read_study``.
    bundle : Bundle
        From ``napari_acs.load_bundle``.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    precision : str
        ``"float32"``, ``"bfloat16"`` or ``"auto"``; see ``run``.
    preparation : Preparation
        What is done first; by default a skull that is there is removed.
    flips, others : bool, sequence of Bundle
        Mirrored views and further models to take the mean over; see ``run``.
    progress : callable, optional
        Called with every ``Progress``. Whatever it raises ends the job and reaches the caller.

    Raises
    ------
    BadInput
        The study, the device or the free memory does not do.
    SegmentationError
        The network found no tumour, or napari-acs is at fault.
    """
    messages = run(
        study,
        bundle,
        device=device,
        precision=precision,
        preparation=preparation,
        flips=flips,
        others=others,
    )
    return to_the_end(messages, SegmentationError, progress).segmentation
