"""Time and memory of functions, side by side in one process.

Not a benchmark itself: the scripts beside it import it.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from time import perf_counter

import torch
from torch.profiler import ProfilerActivity, profile

from napari_acs.acs.engine.heap import kept_heap

ALLOCATORS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "default": nullcontext,
    "kept": kept_heap,
}
"""As the system has it, and with freed memory kept in the process for every contender."""


@dataclass(frozen=True)
class Times:
    """Seconds of every contender in every round."""

    seconds: dict[str, list[float]]

    def median_ms(self, name: str) -> float:
        """Return the median time in milliseconds."""
        return statistics.median(self.seconds[name]) * 1e3

    def ratio(self, name: str, peer: str) -> tuple[float, float, float]:
        """Return median and quartiles of the rounds' time ratios."""
        pairs = zip(self.seconds[name], self.seconds[peer], strict=True)
        low, middle, high = statistics.quantiles([a / b for a, b in pairs], n=4)
        return middle, low, high


def interleaved(contenders: dict[str, Callable[[], object]], rounds: int) -> Times:
    """Time all contenders in turn, round after round, after one round to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, run in contenders.items():
            start = perf_counter()
            run()
            if turn:
                seconds[name].append(perf_counter() - start)
    return Times(seconds)


def peak_extra_mib(run: Callable[[], object]) -> float | None:
    """Return by how much the process's resident memory peaked during a run; None if not Linux."""
    status, clear = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not clear.exists():
        return None
    run()
    gc.collect()
    with kept_heap():
        pass  # its end returns what was freed to the system
    clear.write_text("5")  # the peak starts anew
    before = _field(status, "VmRSS")
    run()
    return (_field(status, "VmHWM") - before) / 1024


def peak_tensor_mib(run: Callable[[], object]) -> float:
    """Return the peak of the memory that torch's CPU allocator gave out during a run."""
    run()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    # The public summary books bytes to operators; only the raw events are in the order of time.
    raw = profiler.profiler.kineto_results.events()  # type: ignore[union-attr]
    events = [event for event in raw if event.name() == "[memory]"]
    steps = (event.nbytes() for event in sorted(events, key=lambda event: event.start_ns()))
    return max(accumulate(steps), default=0) / 2**20


def _field(status: Path, name: str) -> int:
    line = next(line for line in status.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1])


def machine() -> str:
    """Return a line that says what was measured on."""
    names = [line for line in _cpuinfo() if line.startswith("model name")]
    cpu = names[0].split(":")[1].strip() if names else platform.processor()
    threads = f"{torch.get_num_threads()} threads"
    level = torch.backends.cpu.get_cpu_capability()
    return f"{cpu}, {os.cpu_count()} cores, {threads}, {level}, torch {torch.__version__}"


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []


def write(rows: list[dict[str, object]], file: Path | None) -> None:
    """Write rows as JSON, with the machine."""
    if file is not None:
        text = json.dumps({"machine": machine(), "rows": rows}, indent=1)
        file.write_text(text, encoding="utf-8")
