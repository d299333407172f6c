"""What every look of a classifier begins with: the study prepared, and the box cut out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from napari_acs.imaging.cancel import stop_if
from napari_acs.inference.classify_input import ClassifierBox, classifier_box, refuse_unfit
from napari_acs.inference.device import pick_device
from napari_acs.inference.messages import READY, Progress
from napari_acs.inference.ready import AS_IT_IS, Preparation, make_ready
from napari_acs.inference.stream import Outcome, stream

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume
    from napari_acs.models.spec import ClassifierSpec

PREPARE = "prepare"
_BOX_FROM = 0.6


@dataclass(frozen=True, eq=False)
class Looked:
    """What the network is going to see.

    Attributes
    ----------
    study : Study
        As prepared.
    box : ClassifierBox
    device : str
        That was picked.
    input_sha256 : mapping of str to str
        Of the study as it was given.
    brain_ml : float or None
        Volume of the brain, where it was cut out first.
    seconds : mapping of str to float
        Wall time of each stage.
    """

    study: Study
    box: ClassifierBox
    device: str
    input_sha256: Mapping[str, str]
    brain_ml: float | None
    seconds: Mapping[str, float]


def look(
    study: Study,
    spec: ClassifierSpec,
    mask: Volume | None,
    wish: str,
    preparation: Preparation | None,
    cancelled: Callable[[], bool],
) -> Iterator[Progress | Looked]:
    """Prepare a study and cut out the box: yield ``Progress``, then one `Looked`.

    Parameters
    ----------
    study, spec, mask, preparation, cancelled
        As of `run_classifier`.
    wish : str
        The device asked for.

    Raises
    ------
    BadInput
        The study or its mask does not fit the model.
    Cancelled
        ``cancelled`` said so.
    """
    whole = spec.input.normalisation == "robust"
    wanted = preparation or Preparation(AS_IT_IS if whole else "auto")
    seconds: dict[str, float] = {}
    start = perf_counter()
    stop_if(cancelled)
    refuse_unfit(study, spec.input, mask)  # what is refused at once comes before what takes long
    device = pick_device(wish)
    hashes = study.input_sha256()  # now: a file may be replaced while the job runs
    brain = None
    if wanted.steps(study):
        yield Progress(0, 1, READY, 0.0)
        work = partial(make_ready, study, wanted, device=device)
        for said in stream(lambda tell, stop: work(progress=tell, cancelled=stop), cancelled):
            if isinstance(said, Outcome):
                study, brain = said.value.study, said.value.brain
            else:
                yield Progress(0, 1, READY, _BOX_FROM * said)
        seconds[READY] = perf_counter() - start
    start = perf_counter()
    yield Progress(0, 1, PREPARE, _BOX_FROM)
    stop_if(cancelled)
    box = classifier_box(study, spec.input, mask)
    seconds[PREPARE] = perf_counter() - start
    yield Looked(study, box, device, hashes, brain.volume_ml if brain else None, seconds)
