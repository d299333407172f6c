"""The segmentation job: a generator of messages that never raises and can stop between windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.imaging import to_model_space, to_study_grid
from napari_acs.imaging.brain import brain_box
from napari_acs.imaging.cancel import Cancelled, never, stop_if
from napari_acs.inference import memory
from napari_acs.inference.device import AUTO, pick_device
from napari_acs.inference.maps import LEAST, RegionMaps
from napari_acs.inference.messages import (
    READY,
    STAGES,
    Failure,
    Message,
    Progress,
    Result,
    Segmentation,
)
from napari_acs.inference.precision import FLOAT32, pick_precision, ready_network
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
from napari_acs.inference.windows import Blend, WindowPlan, plan_windows

if TYPE_CHECKING:
    from napari_acs.imaging import ModelSpaceImage, Study
    from napari_acs.imaging.brain_mask import BrainMask
    from napari_acs.models import Bundle
    from napari_acs.models.spec import BundleSpec

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
    cancelled: Callable[[], bool] = never,
) -> Iterator[Message]:
    """Segment a study: yield ``Progress`` messages, then exactly one ``Result`` or ``Failure``.

    Nothing is raised for bad input, an empty prediction, want of memory or a fault of ours: all
    come as a ``Failure``. Closing the generator cancels as well.

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
    cancelled : callable
        Asked before every window and between stages; True ends the job with a ``Failure`` of
        kind ``"cancelled"``.

    Yields
    ------
    Message
    """
    try:
        yield from _Job(study, bundle, device, precision, preparation, cancelled).messages()
    except Cancelled:
        yield Failure("Cancelled", "", "Nothing was changed", "cancelled")
    except BadInput as refusal:
        yield failure_of(refusal)
    except Exception as error:
        yield failure_of_error(error)


class _Job:
    """One run; its methods are the stages, in order."""

    def __init__(
        self,
        study: Study,
        bundle: Bundle,
        device: str,
        precision: str,
        preparation: Preparation,
        cancelled: Callable[[], bool],
    ) -> None:
        self.study = study
        self.preparation = preparation
        self.brain: BrainMask | None = None
        self.steps = preparation.steps(study)
        self.bar = _LONG_BAR if self.steps else _BAR
        self.bundle = bundle
        self.spec: BundleSpec = bundle.spec
        self.device, self.precision = device, precision
        self.cancelled = cancelled
        channels = self.spec.input.channels
        self.missing = [c.name for c in channels if c.name not in study.sequences]

    def messages(self) -> Iterator[Message]:
        """Yield the messages of the whole job."""
        seconds: dict[str, float] = {}
        start = perf_counter()
        yield self._step(READY if self.steps else _PREPARE, 0, 1)
        self._check_sequences()
        device = pick_device(self.device)
        precision = pick_precision(self.precision, device)
        hashes = self.study.input_sha256()  # now: a file may be replaced while the job runs
        if self.steps:
            if lack := self._lack_of_memory_to_make_ready(device):
                yield lack
                return
            yield from self._make_ready(device)
            seconds[READY] = perf_counter() - start
            start = perf_counter()
        image = to_model_space(self.study, self._channels(), self.spec.input.spacing_mm)
        plan = plan_windows(_shape(image.array), self.spec.input.patch)
        lack = self._lack_of_memory(image, plan, device)
        if lack:
            yield lack
            return
        network = ready_network(self.bundle, device, precision)
        yield self._step(_PREPARE, 1, 1)
        seconds[_PREPARE] = perf_counter() - start

        start = perf_counter()
        blend = Blend(plan, torch.from_numpy(image.array))
        for index in range(len(plan.starts)):
            self._stop_if_cancelled()
            blend.add(index, self._predict(network, blend.cut(index), device))
            yield self._step(_INFERENCE, index + 1, len(plan.starts))
        seconds[_INFERENCE] = perf_counter() - start

        start = perf_counter()
        yield self._step(_FINISH, 0, 1)
        self._stop_if_cancelled()
        probabilities = to_study_grid(blend.result().numpy(), image, self.study.grid)
        del blend, network
        for outer, inner in pairwise(probabilities):
            np.minimum(outer, inner, out=inner)  # resampling may break the nesting by rounding
        maps = self._kept(probabilities)
        labels = maps.spread(maps.labels_in_box(self.spec.output.regions))
        if not labels.any():
            yield nothing_found(
                self.study.name,
                self.spec.output.regions,
                probabilities.max(axis=(1, 2, 3)),
                self.missing,
                image.with_skull,
            )
            return
        seconds[_FINISH] = perf_counter() - start
        record = provenance(
            self.study,
            self.bundle,
            device=device,
            precision=precision,
            plan=plan,
            missing=self.missing,
            seconds=seconds,
            input_sha256=hashes,
        )
        labels.setflags(write=False)
        segmentation = Segmentation(
            labels=labels,
            grid=self.study.grid,
            classes=self.spec.output.labels,
            probabilities=maps,
            regions=self.spec.output.regions,
            volumes_ml=volumes_ml(labels, self.spec.output, self.study.grid.voxel_ml),
            provenance=record,
            seconds=seconds,
            brain=_locked(self.brain.mask) if self.brain else None,
            prepared=self.study.sequences if READY in seconds else {},
        )
        yield self._step(_FINISH, 1, 1)
        yield Result(segmentation, notes_on(self.brain, image.with_skull, self.missing))

    def _make_ready(self, device: str) -> Iterator[Progress]:
        work = partial(make_ready, self.study, self.preparation, device=device)
        for said in stream(lambda tell, stop: work(progress=tell, cancelled=stop), self.cancelled):
            if isinstance(said, Outcome):
                self.study, self.brain = said.value.study, said.value.brain
            else:
                share = self.bar[_PREPARE] - self.bar[READY]
                yield Progress(0, 1, READY, share * said)

    def _channels(self) -> tuple[str, ...]:
        return tuple(channel.name for channel in self.spec.input.channels)

    def _check_sequences(self) -> None:
        needed = [c.name for c in self.spec.input.channels if c.required]
        lacking = [name for name in needed if name in self.missing]
        used = len(self.spec.input.channels) - len(self.missing)
        if not lacking and used >= max(self.spec.input.minimum_sequences, 1):
            return
        what = f"{', '.join(lacking)}" if lacking else f"{self.spec.input.minimum_sequences}"
        raise BadInput(
            f"The model {self.spec.id} cannot segment {self.study.name!r}",
            found=f"sequences {', '.join(self.study.sequences)}",
            expected=f"{what} of {', '.join(self._channels())}",
            do="Add the missing sequence, or choose another model",
        )

    def _lack_of_memory(
        self, image: ModelSpaceImage, plan: WindowPlan, device: str
    ) -> Failure | None:
        channels, regions = len(image.array), len(self.spec.output.regions)
        window = memory.estimate_window_bytes(plan.window, channels, regions)
        host = memory.estimate_host_bytes(
            self.study.grid.shape, _shape(image.array), channels, regions
        )
        if device == "cpu":
            return memory.shortage(
                host + window, memory.free_host_bytes(), memory.place_name("cpu")
            )
        on_device = memory.shortage(
            window, memory.free_device_bytes(device), memory.place_name(device)
        )
        return on_device or memory.shortage(
            host, memory.free_host_bytes(), memory.place_name("cpu")
        )

    def _lack_of_memory_to_make_ready(self, device: str) -> Failure | None:
        volumes = list(self.study.sequences.values())
        copies = memory.estimate_ready_bytes(
            volumes[0].array.size,
            [v.array.itemsize for v in volumes],
            bias_correction=self.preparation.bias_correction,
        )
        network = memory.BRAIN_BYTES * self.preparation.looks_for_brain(self.study)
        place = device if device.startswith("cuda") else "cpu"  # as `extract_brain` has it
        if place != "cpu" and (
            lack := memory.shortage(
                network, memory.free_device_bytes(place), memory.place_name(place)
            )
        ):
            return lack
        need = copies + (network if place == "cpu" else 0)
        return memory.shortage(need, memory.free_host_bytes(), memory.place_name("cpu"))

    def _predict(self, network: nn.Module, window: Tensor, device: str) -> Tensor:
        # Both modes are per window, not around the loop: a generator that is suspended inside
        # them would leave them on for its caller. TF32 off and fixed algorithms: the same
        # study gives the same mask on any run, and a GPU's differs from the CPU's by rounding.
        exact = torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact:
            return self.bundle.probabilities(network(window.to(device))).cpu()

    def _step(self, stage: str, done: int, total: int) -> Progress:
        self._stop_if_cancelled()
        at = list(self.bar).index(stage)
        start, end = [*self.bar.values(), 1.0][at : at + 2]
        return Progress(done, total, stage, start + (end - start) * done / total)

    def _stop_if_cancelled(self) -> None:
        stop_if(self.cancelled)

    def _kept(self, probabilities: NDArray[np.float32]) -> RegionMaps:
        z, y, x = probabilities.shape[1:]
        least = min(LEAST, *(region.threshold for region in self.spec.output.regions))
        box = brain_box([probabilities[0] >= least])
        values = probabilities[(slice(None), *box)].astype(np.float16)
        values.setflags(write=False)
        names = tuple(region.name for region in self.spec.output.regions)
        return RegionMaps(names, values, box, (z, y, x))


def _locked(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    view = mask.view()
    view.setflags(write=False)
    return view


def _shape(array: NDArray[np.float32]) -> tuple[int, int, int]:
    z, y, x = array.shape[-3:]
    return z, y, x
