"""One member of a job, predicted by the first plan that fits in memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_acs.inference import memory
from napari_acs.inference.ladder import CPU, Plan, Step, next_step, tried
from napari_acs.inference.precision import (
    may_fall_to_bfloat16,
    pick_precision,
    ready_network,
)
from napari_acs.inference.predict import predict
from napari_acs.inference.unseen import unseen_of
from napari_acs.inference.windows import WindowPlan, plan_windows
from napari_acs.models.out_of_memory import is_out_of_memory

if TYPE_CHECKING:
    from torch import nn

    from napari_acs.inference.members import Member
    from napari_acs.inference.moments import Moments
    from napari_acs.inference.views import View

Triple = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Predicted:
    """What came of a member: its maps, and how they were made at last."""

    moments: Moments
    plan: Plan
    tiles: WindowPlan
    steps: tuple[Step, ...]


class Walk:
    """A member's way down the ladder.

    Parameters
    ----------
    member : Member
    device, precision : str
        The device that was picked, and the wish for a precision, which may be ``"auto"``.
    study_shape : tuple of int
        (z, y, x) voxels of the study's own grid.
    views : sequence of View

    Raises
    ------
    NotEnoughMemory
        No plan is estimated to fit.
    """

    def __init__(
        self,
        member: Member,
        device: str,
        precision: str,
        study_shape: Triple,
        views: Sequence[View],
    ) -> None:
        self._member, self._views, self._study_shape = member, views, study_shape
        self.image = member.image
        self.plan = self._first(device, precision)
        self.steps: list[Step] = []
        self._network: nn.Module | None = None
        while lack := self._lack(self.plan):
            self._step(*lack)

    @property
    def total(self) -> int:
        """Windows that the present plan has, over all views."""
        return len(self._tiles().starts) * len(self._views)

    def ready(self) -> None:
        """Load the network; where memory runs out, by the next plan."""
        while self._network is None:
            try:
                self._load()
            except Exception as error:
                short, why = self._short(error)
            else:
                return
            self._step(short, why)

    def messages(self, stop: Callable[[], None]) -> Generator[int, None, Predicted]:
        """Yield the windows that are done, from 0 again after a step; return what came out."""
        while True:
            self.ready()
            yield 0
            try:
                return (yield from self._try(stop))
            except Exception as error:
                short, why = self._short(error)
            # Here, outside the block, the error is gone, and with it all that its frames held.
            self._step(short, why)

    def _try(self, stop: Callable[[], None]) -> Generator[int, None, Predicted]:
        assert self._network is not None
        plan, tiles, done = self.plan, self._tiles(), 0
        image, asked = self._member.image, self._member.bundle.probabilities
        work = predict(
            self._network,
            asked,
            image.array,
            plan,
            tiles,
            self._views,
            stop,
            image.background,
            # A model of another tool answers as it does there, also in the air.
            None if self._member.bundle.spec.origin else unseen_of(image),
        )
        while True:
            try:
                done += next(work)
            except StopIteration as end:
                return Predicted(end.value, plan, tiles, tuple(self.steps))
            yield done

    def _load(self) -> None:
        self._network = ready_network(self._member.bundle, self.plan.device, self.plan.precision)

    def _step(self, short: str, why: str) -> None:
        step = next_step(self.plan, short, why)
        if step is None:
            place = memory.place_name(short)
            raise memory.NotEnoughMemory(memory.not_enough(why, place, tried(self.steps)))
        self.steps.append(step)
        if (step.after.device, step.after.precision) != (self.plan.device, self.plan.precision):
            self._network = None
        memory.give_back(self.plan.device)
        self.plan = step.after

    def _short(self, error: Exception) -> tuple[str, str]:
        """Return where memory ran out, and say so; raise what is no want of memory."""
        if not is_out_of_memory(error):
            raise error
        short = memory.short_device(error, self.plan.device)
        return short, f"it ran out {memory.place_name(short)} during the work"

    def _first(self, device: str, precision: str) -> Plan:
        plan = Plan(
            device=device,
            precision=pick_precision(precision, device),
            batch=1,
            window=self._member.bundle.spec.input.patch,
            sums=device if device.startswith("cuda") else CPU,
            whole=self._member.bundle.spec.input.patch,
            may_bfloat16=may_fall_to_bfloat16(precision, device),
            cpu_precision=pick_precision(precision, CPU),
        )
        windows = len(plan_windows(self._size(), plan.window).starts)
        batch = memory.batch_that_fits(device, self._window_bytes(plan), windows)
        return replace(plan, batch=batch)

    def _tiles(self) -> WindowPlan:
        return plan_windows(self._size(), self.plan.window)

    def _size(self) -> Triple:
        z, y, x = self._member.image.grid.shape
        return z, y, x

    def _counts(self) -> tuple[int, int]:
        spec = self._member.bundle.spec
        return len(spec.input.channels), len(spec.output.regions)

    def _window_bytes(self, plan: Plan) -> int:
        itemsize = 2 if plan.precision == "bfloat16" else 4
        return memory.estimate_window_bytes(plan.window, *self._counts(), itemsize=itemsize)

    def _lack(self, plan: Plan) -> tuple[str, str] | None:
        """Return the device that a plan does not fit on, and why."""
        windows = plan.batch * self._window_bytes(plan)
        host = memory.estimate_host_bytes(
            self._study_shape, self._size(), *self._counts(), views=len(self._views)
        )
        needs = {CPU: host}
        needs[plan.device] = needs.get(plan.device, 0) + windows
        if plan.sums != CPU:
            padded = plan_windows(self._size(), plan.window).padded
            needs[plan.device] += memory.estimate_sums_bytes(padded, *self._counts())
        return memory.first_shortage(needs)
