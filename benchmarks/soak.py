"""Many segmentations in one process, by the panel: whether anything piles up.

    scripts/with-display python benchmarks/soak.py [--runs 30] [--warm-up 12] [--keep] [--json OUT]

Every run opens the sample (four sequences), clicks Segment with the bundled network on the CPU,
waits for the mask, and closes all layers (``--keep``: only the mask). After each run: memory held
(anonymous pages, in RAM or swapped out), Python's and the kernel's threads, open files, and how
many closed layers are still alive.
The slope is the least-squares line of the memory held over the runs after the warm-up.
"""

from __future__ import annotations

import argparse
import gc
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import active_count

import napari
import numpy as np
from measure import machine, write
from napari.layers import Labels, Layer
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtWidgets import QApplication, QPushButton

from napari_acs.viewer.sample import phantom
from napari_acs.widgets.dock import SegmentDock

WAIT_MS = 300_000


@dataclass(frozen=True)
class Reading:
    """What the process holds after a run."""

    run: int
    held_mib: float
    python_threads: int
    threads: int
    files: int
    layers: int
    """Layers that were closed, and are not gone."""


def slope(values: list[float]) -> float:
    """Return the rise per run of the least-squares line."""
    return float(np.polyfit(np.arange(len(values)), values, 1)[0])


def soak(
    viewer: napari.Viewer,
    dock: SegmentDock,
    runs: int,
    sample: Callable[[], list] = lambda: phantom()[:4],
    keep: bool = False,
    tell: Callable[[Reading], object] = lambda reading: None,
) -> list[Reading]:
    """Segment ``runs`` times; return a reading after each.

    Parameters
    ----------
    viewer : napari.Viewer
    dock : SegmentDock
        In the viewer's window; its models are listed.
    runs : int
    sample : callable
        Returns the layers to open.
    keep : bool
        Whether the images stay open, and only the mask is closed after each run.
    tell : callable
        Gets every reading at once.
    """
    readings: list[Reading] = []
    closed: list[weakref.ref[Layer]] = []
    for run in range(runs):
        if not (keep and run):
            for described in sample():
                viewer.add_layer(Layer.create(*described))
        wait_for(dock.finished, dock.findChild(QPushButton, "segment").click)
        masks = [layer for layer in viewer.layers if isinstance(layer, Labels)]
        assert masks, dock.said
        going = masks if keep else list(viewer.layers)
        closed += [weakref.ref(layer) for layer in going]
        for layer in going:
            viewer.layers.remove(layer)
        del masks, going, layer
        settle()
        readings.append(read(run, sum(ref() is not None for ref in closed)))
        tell(readings[-1])
    return readings


def wait_for(signal, start: Callable[[], object]) -> None:
    """Turn Qt's loop until a signal comes."""
    loop = QEventLoop()
    signal.connect(loop.quit)
    timer = QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(lambda: loop.exit(1))
    timer.start(WAIT_MS)
    QTimer.singleShot(0, start)
    failed = loop.exec()
    signal.disconnect(loop.quit)
    assert not failed, "no outcome came"


def settle() -> None:
    """Let Qt delete what it deletes later, and Python what is in cycles."""
    for last in (False, True):
        QApplication.sendPostedEvents(None, 52)  # DeferredDelete
        QApplication.processEvents()
        if not last:  # half a second
            gc.collect()


def read(run: int, layers: int) -> Reading:
    """Return what the process holds now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    # what is swapped out is still held; pages of files come and go as the machine likes
    held = sum(int(fields[name].split()[0]) for name in ("RssAnon", "VmSwap"))
    return Reading(
        run,
        held / 1024,
        active_count(),
        len(list(Path("/proc/self/task").iterdir())),
        len(list(Path("/proc/self/fd").iterdir())),
        layers,
    )


def show(r: Reading) -> None:
    cells = (r.run, round(r.held_mib, 1), r.python_threads, r.threads, r.files, r.layers)
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--warm-up", type=int, default=12)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if not Path("/proc/self/status").exists():
        print("Skipped: memory and threads are read from /proc, as Linux has it")
        return
    viewer = napari.Viewer(show=False)
    dock = SegmentDock(viewer)
    wait_for(dock.ready, lambda: viewer.window.add_dock_widget(dock, name="Segment"))
    dock.panel._device.value = "cpu"
    print(f"{machine()}; model {dock.panel.model_id}\n")
    print("| run | held, MiB | Python threads | threads | files | closed layers alive |")
    print("| ---: " * 6 + "|")
    readings = soak(viewer, dock, args.runs, keep=args.keep, tell=show)
    rise = slope([r.held_mib for r in readings[args.warm_up :]])
    print(f"\nMemory: {rise:+.2f} MiB a run after {args.warm_up} runs to warm up.")
    write([asdict(r) for r in readings], args.json)
    viewer.close()


if __name__ == "__main__":
    main()
