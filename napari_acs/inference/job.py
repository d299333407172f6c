"""The segmentation job: a generator of messages that never raises and can stop between windows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import Cancelled, never, stop_if
from napari_acs.inference import ladder, memory
from napari_acs.inference.device import AUTO, pick_device
from napari_acs.inference.found import find
from napari_acs.inference.members import members_of, missing_of, refuse_unfit
from napari_acs.inference.messages import (
    READY,
    STAGES,
    Failure,
    Message,
    Progress,
    Result,
    Segmentation,
)
from napari_acs.inference.moments import Moments
from napari_acs.inference.needs import needs_of
from napari_acs.inference.precision import FLOAT32, pick_precision
from napari_acs.inference.provenance import provenance
from napari_acs.inference.ready import Preparation, make_ready
from napari_acs.inference.regions import volumes_ml
from napari_acs.inference.sentences import (
    failure_of,
    failure_of_error,
    notes_on,
    nothing_found,
)
from napari_acs.inference.stream import Outcome, stream
from napari_acs.inference.uncertainty import mean_uncertainty
from napari_acs.inference.views import views_of, without_own_views
from napari_acs.inference.walk import Predicted, Walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid, ModelSpaceImage, Study
    from napari_acs.imaging.brain_mask import BrainMask
    from napari_acs.models import Bundle

# Where each stage starts on the bar of the whole job, measured on a CPU; without anything to
# make ready, and with it.
_BAR = {"prepare": 0.0, "inference": 0.1, "finish": 0.9}
_LONG_BAR = {READY: 0.0, "prepare": 0.8, "inference": 0.85, "finish": 0.95}
_PREPARE, _INFERENCE, _FINISH = STAGES

DEFAULT = Preparation()
"""A skull that is there is removed; nothing else."""


def run(
    study: Study,
    bundle: Bundle,
    *,
    device: str = AUTO,
    precision: str = FLOAT32,
    preparation: Preparation = DEFAULT,
    flips: bool = False,
    others: Sequence[Bundle] = (),
    cancelled: Callable[[], bool] = never,
) -> Iterator[Message]:
    """Segment a study: yield ``Progress`` messages, then exactly one ``Result`` or ``Failure``.

    Nothing is raised for bad input, an empty prediction, want of memory or a fault of ours: all
    come as a ``Failure``. Where memory is short, what needs less is tried first (see
    :mod:`napari_acs.inference.ladder`), and said in the result's notes. Closing the generator
    cancels as well.

    Parameters
    ----------
    study : Study
        Any subset of the model's sequences that its bundle allows.
    bundle : Bundle
    device : str
        ``"auto"`` or one of ``available_devices()``.
    precision : str
        ``"float32"``, ``"bfloat16"`` (CPUs that multiply it; faster, and masks differ in single
        voxels) or ``"auto"``.
    preparation : Preparation
        What is done first; by default a skull that is there is removed.
    flips : bool
        Whether every window is also predicted mirrored (see :mod:`napari_acs.inference.views`),
        for a mean over the views and their ``spread``. A bundle that mirrors by itself is not
        mirrored twice, and has a spread then.
    others : sequence of Bundle
        Further models of the same regions; the mean over all is taken, at the thresholds and
        with the labels of ``bundle``.
    cancelled : callable
        Asked before every batch of windows and between stages; True ends the job with a
        ``Failure`` of kind ``"cancelled"``.

    Yields
    ------
    Message
    """
    job = _Job(study, (bundle, *others), device, precision, preparation, flips, cancelled)
    try:
        yield from job.messages()
    except Cancelled:
        yield Failure("Cancelled", "", "Nothing was changed", "cancelled")
    except BadInput as refusal:
        yield failure_of(refusal)
    except memory.NotEnoughMemory as end:
        yield end.failure
    except Exception as error:
        yield failure_of_error(error)


class _Job:
    """One run; its methods are the stages, in order."""

    def __init__(
        self,
        study: Study,
        bundles: Sequence[Bundle],
        device: str,
        precision: str,
        preparation: Preparation,
        flips: bool,
        cancelled: Callable[[], bool],
    ) -> None:
        self.study = study
        self.bundles = [without_own_views(b) for b in bundles] if flips else bundles
        self.device, self.precision = device, precision
        self.preparation = preparation
        self.views = views_of(flips)
        self.cancelled = cancelled
        self.brain: BrainMask | None = None
        self.output = bundles[0].spec.output
        self.bar = _BAR
        self.so_far = 0.0
        self.seconds: dict[str, float] = {}
        self.hashes: dict[str, str] = {}
        self.missing = missing_of(study, bundles)

    def messages(self) -> Iterator[Message]:
        """Yield the messages of the whole job."""
        start = perf_counter()
        steps = self.preparation.steps(self.study)
        self.bar = _LONG_BAR if steps else _BAR
        yield self._step(READY if steps else _PREPARE, 0, 1)
        refuse_unfit(self.study, self.bundles)
        device = pick_device(self.device)
        pick_precision(self.precision, device)  # what is refused at once comes first
        self.hashes = self.study.input_sha256()  # now: a file may be replaced while the job runs
        if steps:
            self._refuse_lack_of_memory_to_make_ready(device)
            yield from self._make_ready(device)
            self.seconds[READY] = perf_counter() - start
            start = perf_counter()
        walks = self._walks(device)
        yield self._step(_PREPARE, 1, 1)
        self.seconds[_PREPARE] = perf_counter() - start

        start = perf_counter()
        spaces: dict[Grid, tuple[ModelSpaceImage, Moments]] = {}
        predicted: list[Predicted] = []
        while walks:
            made = yield from self._predicted(walks, predicted)
            image = walks.pop(0).image  # and with it goes its network
            _, there = spaces.setdefault(image.grid, (image, Moments()))
            there.add(made.moments.mean, made.moments.variance, made.moments.count)
            predicted.append(replace(made, moments=Moments()))
        self.seconds[_INFERENCE] = perf_counter() - start

        start = perf_counter()
        yield self._step(_FINISH, 0, 1)
        yield from self._finished(list(spaces.values()), predicted, start)

    def _make_ready(self, device: str) -> Iterator[Progress]:
        work = partial(make_ready, self.study, self.preparation, device=device)
        for said in stream(lambda tell, stop: work(progress=tell, cancelled=stop), self.cancelled):
            if isinstance(said, Outcome):
                self.study, self.brain = said.value.study, said.value.brain
            else:
                share = self.bar[_PREPARE] - self.bar[READY]
                yield Progress(0, 1, READY, share * said)

    def _walks(self, device: str) -> list[Walk]:
        members = members_of(self.study, self.bundles)
        shape = self.study.grid.shape
        walks = [Walk(each, device, self.precision, shape, self.views) for each in members]
        walks[0].ready()  # the others' networks come when it is their turn
        return walks

    def _predicted(
        self, walks: Sequence[Walk], done: Sequence[Predicted]
    ) -> Generator[Progress, None, Predicted]:
        before = sum(len(each.tiles.starts) for each in done) * len(self.views)
        work = walks[0].messages(self._stop_if_cancelled)
        while True:
            try:
                windows = next(work)
            except StopIteration as end:
                made: Predicted = end.value
                return made
            if windows:
                total = before + sum(walk.total for walk in walks)
                yield self._step(_INFERENCE, before + windows, total)

    def _finished(
        self,
        spaces: Sequence[tuple[ModelSpaceImage, Moments]],
        predicted: Sequence[Predicted],
        start: float,
    ) -> Iterator[Message]:
        regions, grid = self.output.regions, self.study.grid
        skull = spaces[0][0].with_skull
        found = find(spaces, grid, regions)
        cleaned = found.maps.cleaned_in_box(regions)
        inside = cleaned.labels
        if not inside.any():
            peaks = np.array([near.probability for near in found.nearest], np.float32)
            yield nothing_found(
                self.study.name,
                regions,
                peaks,
                self.missing,
                skull,
                nearest=found.nearest,
                needs=needs_of(self.bundles[0].spec),
                given_up=cleaned.given_up,
            )
            return
        labels = found.maps.spread(inside)
        labels.setflags(write=False)
        self.seconds[_FINISH] = perf_counter() - start
        record = provenance(
            self.study,
            list(zip(self.bundles, predicted, strict=True)),
            views=self.views,
            missing=self.missing,
            seconds=self.seconds,
            input_sha256=self.hashes,
            given_up=cleaned.given_up,
        )
        record["uncertainty"] = mean_uncertainty(found.maps, found.spread, inside)
        segmentation = Segmentation(
            labels=labels,
            grid=grid,
            classes=self.output.labels,
            probabilities=found.maps,
            regions=regions,
            spread=found.spread,
            volumes_ml=volumes_ml(inside, self.output, grid.voxel_ml),
            provenance=record,
            seconds=self.seconds,
            brain=_locked(self.brain.mask) if self.brain else None,
            prepared=self.study.sequences if READY in self.seconds else {},
        )
        yield self._step(_FINISH, 1, 1)
        needs = needs_of(self.bundles[0].spec)
        said = notes_on(self.brain, skull, self.missing, needs)
        short = tuple(ladder.note_on(each.steps) for each in predicted if each.steps)
        small = [each.sentence(self.output.labels) for each in cleaned.given_up]
        yield Result(segmentation, (*said, *dict.fromkeys(short), *small))

    def _refuse_lack_of_memory_to_make_ready(self, device: str) -> None:
        volumes = list(self.study.sequences.values())
        copies = memory.estimate_ready_bytes(
            volumes[0].array.size,
            [v.array.itemsize for v in volumes],
            bias_correction=self.preparation.bias_correction,
        )
        network = memory.BRAIN_BYTES * self.preparation.looks_for_brain(self.study)
        place = device if device.startswith("cuda") else "cpu"  # as `extract_brain` has it
        needs = {"cpu": copies}
        needs[place] = needs.get(place, 0) + network
        memory.refuse_shortage(needs)

    def _step(self, stage: str, done: int, total: int) -> Progress:
        self._stop_if_cancelled()
        at = list(self.bar).index(stage)
        start, end = [*self.bar.values(), 1.0][at : at + 2]
        # Where memory ran out windows are done again; the bar stays where it was.
        self.so_far = max(self.so_far, start + (end - start) * done / total)
        return Progress(done, total, stage, self.so_far)

    def _stop_if_cancelled(self) -> None:
        stop_if(self.cancelled)


def _locked(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    view = mask.view()
    view.setflags(write=False)
    return view
