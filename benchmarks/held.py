"""How long the window stands still: the longest time between two ticks in the main thread.

Not a benchmark itself: the scripts beside it import it.
"""

from __future__ import annotations

import statistics
from time import perf_counter, thread_time

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication


class Blocks:
    """Ticks as fast as the main thread lets it."""

    def __init__(self) -> None:
        self.longest_ms = self.cpu_ms = 0.0
        self._last, self._cpu = perf_counter(), thread_time()
        self._timer = QTimer()
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._tick)

    def __enter__(self) -> Blocks:
        QApplication.processEvents()
        self._last, self._cpu = perf_counter(), thread_time()
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._tick()
        self._timer.stop()

    def _tick(self) -> None:
        now, cpu = perf_counter(), thread_time()
        self.longest_ms = max(self.longest_ms, 1000 * (now - self._last))
        self.cpu_ms = max(self.cpu_ms, 1000 * (cpu - self._cpu))
        self._last, self._cpu = now, cpu


def held_row(what: str, blocks: list[float], cpus: list[float]) -> dict[str, object]:
    return {
        "what": what,
        "block_ms": round(statistics.median(blocks), 1),
        "longest_block_ms": round(max(blocks), 1),
        "cpu_ms": round(statistics.median(cpus), 1),
    }
